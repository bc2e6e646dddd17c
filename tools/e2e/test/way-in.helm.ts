import { testWithSwitch } from '@homeroom/testing/switch';
import { describe, expect, test } from '@jest/globals';
import { find, refusal, render, type Manifest } from '../src/render.ts';

const edge = { 'global.networkPolicy.ingressFrom': [{ namespaceSelector: {} }] };
const route = {
  ...edge,
  'global.httpRoute': { enabled: true, parentRefs: [{ name: 'edge' }], hostnames: ['a.example'] },
};
const ingress = {
  ...edge,
  'global.ingress': { enabled: true, host: 'a.example', className: 'edge', tlsSecret: 'a-tls' },
};
const paths = ['/api/enrollment', '/api/classes', '/api/enrollments', '/api/payments'];
const has = (values: Record<string, unknown>, kind: string): boolean =>
  render(values).some((manifest) => manifest.kind === kind);

describe('one thing leads in', () => {
  const leads = (values: Record<string, unknown>): string[] => {
    const manifests = render(values);
    const gateway = manifests.some(({ kind, metadata }) => kind === 'Service' && metadata.name === 'homeroom-gateway');
    const others = ['HTTPRoute', 'Ingress'].filter((kind) => manifests.some((manifest) => manifest.kind === kind));
    return [...(gateway ? ['gateway'] : []), ...others];
  };

  test.each<[string, Record<string, unknown>, string[]]>([
    ['the gateway by default', {}, ['gateway']],
    ['HTTPRoutes when chosen', route, ['HTTPRoute']],
    ['Ingresses when chosen', ingress, ['Ingress']],
    ['nothing when the gateway is switched off', { 'gateway.enabled': false }, []],
  ])('%s', (_, values, expected) => {
    expect(leads(values)).toEqual(expected);
  });
});

describe('an HTTPRoute', () => {
  const spec = (values: Record<string, unknown> = {}): Manifest =>
    find(render({ ...route, ...values }), 'HTTPRoute', 'homeroom-enrollment').spec;

  test('belongs to the Gateway that is named, and leads the service’s paths to it', () => {
    expect(spec()).toEqual({
      parentRefs: [{ name: 'edge' }],
      hostnames: ['a.example'],
      rules: [
        {
          matches: paths.map((value) => ({ path: { type: 'PathPrefix', value } })),
          backendRefs: [{ name: 'homeroom-enrollment', port: 80, weight: 100 }],
        },
      ],
    });
  });

  test('gives a canary its share, and no other service one', () => {
    const canary = { 'enrollment.httpRoute.canary': { service: 'canary-enrollment', port: 8080, weight: 10 } };
    expect(spec(canary).rules[0].backendRefs).toEqual([
      { name: 'homeroom-enrollment', port: 80, weight: 90 },
      { name: 'canary-enrollment', port: 8080, weight: 10 },
    ]);
    const families = find(render({ ...route, ...canary }), 'HTTPRoute', 'homeroom-families').spec;
    expect(families.rules[0].backendRefs).toHaveLength(1);
  });
});

test('pages outside /api are led to their service too', () => {
  const matches = find(render(route), 'HTTPRoute', 'homeroom-families').spec.rules[0].matches;
  expect(matches).toContainEqual({ path: { type: 'PathPrefix', value: '/account/' } });
  const rules = find(render(ingress), 'Ingress', 'homeroom-families').spec.rules[0].http.paths;
  expect(rules).toContainEqual(expect.objectContaining({ path: '/account/', pathType: 'Prefix' }));
});

test('an Ingress leads the service’s paths to it, with TLS when a Secret is named', () => {
  const { spec } = find(render(ingress), 'Ingress', 'homeroom-enrollment');
  expect(spec).toEqual({
    ingressClassName: 'edge',
    tls: [{ hosts: ['a.example'], secretName: 'a-tls' }],
    rules: [
      {
        host: 'a.example',
        http: {
          paths: paths.map((path) => ({
            path,
            pathType: 'Prefix',
            backend: { service: { name: 'homeroom-enrollment', port: { name: 'http' } } },
          })),
        },
      },
    ],
  });
  const open = render({
    ...edge,
    'global.ingress': { enabled: true, host: 'a.example', className: '', tlsSecret: '' },
  });
  expect(find(open, 'Ingress', 'homeroom-enrollment').spec).not.toHaveProperty('tls');
  expect(find(open, 'Ingress', 'homeroom-enrollment').spec).not.toHaveProperty('ingressClassName');
});

describe('the gateway', () => {
  const config = (values: Record<string, unknown> = {}): string =>
    find(render(values), 'ConfigMap', 'homeroom-gateway').data['haproxy.cfg'] as string;
  const backend = (name: string, values: Record<string, unknown> = {}): string[] =>
    config(values)
      .split(/^(?=\S)/m)
      .find((part) => part.startsWith(`backend ${name}\n`))!
      .trim()
      .split('\n')
      .map((line) => line.trim());

  test.each(['roundrobin', 'leastconn', 'random'])('balances by %s', (balance) => {
    const lines = backend('families', { 'gateway.balance': balance });
    expect(lines).toContain(`balance ${balance}`);
    expect(lines).not.toContain('hash-type consistent');
  });

  testWithSwitch(
    'balances by source, and a pod more or less moves few clients',
    {
      name: 'gateway.balance',
      on: 'source',
      off: 'roundrobin',
      failure: /^Expected value: "balance source"\s+Received array: .*"balance roundrobin"/m,
    },
    (balance) => {
      const lines = backend('families', { 'gateway.balance': balance });
      expect(lines).toContain('balance source');
      expect(lines).toContain('hash-type consistent');
    },
  );

  test('asks every pod itself whether it is ready, twice a second, and knows as many as there may be', () => {
    expect(backend('families')).toEqual([
      'backend families',
      'balance roundrobin',
      '# a name comes before its pod is ready: one check must succeed first',
      'default-server check init-state down resolvers cluster resolve-prefer ipv4 init-addr none',
      'server-template pod 1-60 homeroom-families-headless.homeroom.svc.cluster.local:3000',
    ]);
    expect(config()).toContain('option httpchk GET /health/ready\n  http-check expect status 200\n');
    expect(config()).toContain('default-server inter 500ms fastinter 250ms fall 3 rise 1 maxconn 2000\n');
    expect(backend('families', { 'gateway.slots': 9 }).at(-1)).toContain('pod 1-9 ');
  });

  test('finds every pod by the headless Service, whether kube-proxy would choose it or not', () => {
    const { spec } = find(render(), 'Service', 'homeroom-families-headless');
    expect(spec.clusterIP).toBe('None');
    // a pod that was not ready for a moment keeps its record, but only the health check sees it
    expect(spec.publishNotReadyAddresses).toBe(true);
    expect(backend('families').join('\n')).toMatch(/check init-state down/);
    const chosen = find(render(), 'Service', 'homeroom-families').spec;
    expect(chosen).not.toHaveProperty('clusterIP');
    expect(chosen).not.toHaveProperty('publishNotReadyAddresses');
  });

  test('leads the paths and the pages of a service to it', () => {
    const rules = config()
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => / (if )?of_families( |$)/.test(line));
    expect(rules).toEqual([
      'acl of_families path_reg ^/api/(families|sessions|email-verifications|password-resets|account|coop|coops)([/.?]|$)',
      'acl of_families path_beg /account/',
      'use_backend families if of_families { nbsrv(families) gt 0 }',
      'use_backend families-last-resort if of_families',
    ]);
  });

  test('S17: asks all pods, unchecked, while none of them counts as ready', () => {
    for (const service of ['families', 'enrollment', 'notifications']) {
      const lines = backend(`${service}-last-resort`);
      expect(lines.at(-1)).toBe(
        `server-template pod 1-60 homeroom-${service}-headless.homeroom.svc.cluster.local:3000`,
      );
      expect(lines.join('\n')).not.toMatch(/check/);
      expect(config()).toContain(`acl some nbsrv(${service}-last-resort) gt 0\n`);
    }
  });

  test('S5: logs no query and no header, and calendars without their key', () => {
    const format = /log-format "(.*)"/.exec(config())![1]!;
    expect(config()).not.toContain('option httplog');
    // the request line, the query, the captured headers
    expect(format).not.toMatch(/%\[(?!var\(txn\.(client|path)\)|unique-id)|%(r|HU|HQ|HP|HPO|hr|hs|hrl|hsl)\b/);
    expect(config()).toContain(`http-request set-var(txn.path) path,'regsub("(calendars(/|%2f)).*","\\1_",i)'\n`);
  });

  test('S9: trusts no proxy by default', () => {
    expect(config()).toContain('.if 0\n  acl from_proxy src \n.else\n  acl from_proxy always_false\n');
    const trusting = config({ 'gateway.trustedProxies': ['10.0.0.5', 'fd00::/8'] });
    expect(trusting).toContain('.if 1\n  acl from_proxy src 10.0.0.5 fd00::/8\n');
    expect(trusting).toContain('req.hdr_ip(X-Forwarded-For,-1) if from_proxy\n');
    expect(refusal({ 'gateway.trustedProxies': ['proxy.example'] })).toMatch(/trustedProxies/);
  });

  test('S12: puts the security headers on every answer, of the operations port too', () => {
    const parts = (values: Record<string, unknown> = {}): string[] =>
      config(values)
        .split(/^(?=frontend|backend|defaults)/m)
        .filter((part) => part.startsWith('frontend'));
    const names = [
      'X-Content-Type-Options',
      'Content-Security-Policy',
      'Referrer-Policy',
      'Cross-Origin-Resource-Policy',
    ];
    for (const frontend of parts())
      for (const name of names) expect(frontend).toContain(`http-after-response set-header ${name} `);
    for (const frontend of parts({ 'global.publicOrigin': 'https://a.example' }))
      expect(frontend).toContain('.if 1\n  http-after-response set-header Strict-Transport-Security ');
    for (const frontend of parts())
      expect(frontend).toContain('.if 0\n  http-after-response set-header Strict-Transport-Security ');
  });

  test('S14: limits the connections of one address, by a number of your choice', () => {
    expect(config()).toContain('.if 512\n');
    expect(config()).toContain('if { sc0_conn_cur gt 512 }\n');
    expect(config({ 'gateway.connectionsPerAddress': 0 })).toMatch(/^\.if 0\n {2}# One address/m);
    expect(refusal({ 'gateway.connectionsPerAddress': -1 })).toMatch(/connectionsPerAddress/);
  });

  test('S16: removes the hint of the services’ connections', () => {
    expect(config()).toContain('http-after-response del-header Keep-Alive\n');
  });

  test('leaves no word to be replaced', () => {
    expect(config()).not.toMatch(/@[a-z]+@/);
  });

  test('sends again what may be repeated, and nothing else', () => {
    expect(config()).toContain('retry-on conn-failure empty-response\n');
    expect(config()).toContain(
      'http-request disable-l7-retry unless METH_GET || { method HEAD } || { req.hdr(Idempotency-Key) -m found }\n',
    );
  });

  const canary = { service: 'families', headlessService: 'canary-families-headless', percent: 25 };
  testWithSwitch(
    'gives a canary its share of the service’s own paths, and falls back when none of its pods is ready',
    {
      name: 'gateway.canaries',
      on: [canary],
      off: [],
      failure: /-\s+"use_backend canary-0 .*\s+-\s+\]\s+\+\s+Array \[\]/,
    },
    (canaries) => {
      const values = { 'gateway.canaries': canaries };
      const rules = config(values)
        .split('\n')
        .filter((line) => line.includes('use_backend canary'));
      expect(rules.map((line) => line.trim())).toEqual([
        'use_backend canary-0 if of_families { rand(100) lt 25 } { nbsrv(canary-0) gt 0 }',
      ]);
      expect(backend('canary-0', values).at(-1)).toContain(' canary-families-headless.homeroom.svc.cluster.local:3000');
      expect(config()).not.toContain('canary');
    },
  );

  test('rolls when its configuration changes', () => {
    const sum = (values: Record<string, unknown>): string =>
      find(render(values), 'Deployment', 'homeroom-gateway').spec.template.metadata.annotations['checksum/config'];
    expect(sum({ 'gateway.balance': 'random' })).not.toBe(sum({}));
    expect(sum({ 'gateway.replicas': 2 })).toBe(sum({}));
  });

  test('is found inside the cluster, at a port of every node or at a balancer’s address', () => {
    const service = (values: Record<string, unknown>): Manifest =>
      find(render(values), 'Service', 'homeroom-gateway').spec;
    expect(service({})).toMatchObject({ type: 'ClusterIP', ports: [{ port: 80 }] });
    expect(service({}).ports[0]).not.toHaveProperty('nodePort');
    expect(service({})).not.toHaveProperty('externalTrafficPolicy');
    const local = { 'gateway.service.type': 'LoadBalancer', 'gateway.service.externalTrafficPolicy': 'Local' };
    expect(service(local)).toMatchObject({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
    const port = { 'gateway.service': { type: 'NodePort', port: 8000, nodePort: 30080 } };
    expect(service(port)).toMatchObject({ type: 'NodePort', ports: [{ port: 8000, nodePort: 30080 }] });
    expect(service({ 'gateway.service.type': 'LoadBalancer' }).type).toBe('LoadBalancer');
  });

  test('makes no object that is not its own where something else leads in', () => {
    for (const kind of ['HTTPRoute', 'Ingress']) expect(has({}, kind)).toBe(false);
    for (const values of [route, ingress])
      expect(render(values).filter(({ metadata }) => metadata.name === 'homeroom-gateway')).toEqual([]);
  });
});
