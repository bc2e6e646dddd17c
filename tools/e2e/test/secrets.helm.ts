import { describe, expect, test } from '@jest/globals';
import { find, pods, render, type Manifest } from '../src/render.ts';

const plain = render();
const secrets = (manifests: Manifest[]): Manifest[] => manifests.filter(({ kind }) => kind === 'Secret');
const clear = ({ data }: Manifest): string[] =>
  Object.values(data as Record<string, string>).map((value) => Buffer.from(value, 'base64').toString());

/** Passwords that stand outside of Secrets. */
const shown = (manifests: Manifest[]): string[] => {
  const others = JSON.stringify(manifests.filter(({ kind }) => kind !== 'Secret'));
  return secrets(manifests)
    .flatMap(clear)
    .filter((text) => !text.includes('@') && others.includes(text));
};

test('no password stands anywhere but in Secrets', () => {
  expect(shown(plain)).toEqual([]);
  const careless = structuredClone(plain);
  const [password] = clear(find(careless, 'Secret', 'homeroom-data-redis'));
  find(careless, 'ConfigMap', 'homeroom-families').data.REDIS_CACHE_PASSWORD = password;
  expect(shown(careless)).toEqual([password]);
});

test('passwords are long, made for each purpose, and fit into a URL', () => {
  const passwords = secrets(plain)
    .flatMap(clear)
    .filter((text) => !text.includes('@'));
  expect(passwords.length).toBe(13);
  expect(new Set(passwords).size).toBe(passwords.length);
  for (const password of passwords) expect(password).toMatch(/^[A-Za-z0-9]{32}$/);
});

test('Secrets stay when the release goes, as the volumes do that know them', () => {
  for (const { metadata } of secrets(plain)) expect(metadata.annotations['helm.sh/resource-policy']).toBe('keep');
});

test('who names a Secret gets none made', () => {
  const names = (values: Record<string, unknown>): string[] =>
    secrets(render(values)).map(({ metadata }) => metadata.name as string);
  expect(names({})).toContain('homeroom-signing');
  expect(names({ 'global.signingSecret': 'mine' })).not.toContain('homeroom-signing');
  expect(names({ 'coordinator.enabled': false })).not.toContain('homeroom-coordinator');
  expect(names({})).not.toContain('homeroom-operator');
  expect(names({ 'operator.enabled': true })).toContain('homeroom-operator');
});

/** The variables of a container that hold a secret, by themselves or as a part. */
function secretVariables({ env = [] }: Manifest): string[] {
  const names: string[] = [];
  for (const { name, value = '', valueFrom } of env)
    if (valueFrom?.secretKeyRef !== undefined || names.some((each) => (value as string).includes(`$(${each})`)))
      names.push(name as string);
  return names;
}

/** Every text that becomes an argument of a process of the container. */
const commandLine = (container: Manifest): string[] => [
  ...((container.command ?? []) as string[]),
  ...((container.args ?? []) as string[]),
  ...['startupProbe', 'readinessProbe', 'livenessProbe'].flatMap(
    (probe) => (container[probe]?.exec?.command ?? []) as string[],
  ),
  ...['postStart', 'preStop'].flatMap((hook) => (container.lifecycle?.[hook]?.exec?.command ?? []) as string[]),
];

/** Lines of a script that give a variable to a program as an argument: `printf` is the shell itself, an assignment is no argument. */
const handedOver = (script: string, variables: readonly string[]): string[] =>
  script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !line.startsWith('printf '))
    .filter((line) => {
      const rest = line.replace(/^(\w+="?\$\{?!?\w+\}?"?(\s+|$))+/, '');
      return /\$\{!/.test(rest) || variables.some((name) => new RegExp(`\\$\\{?${name}\\b`).test(rest));
    });

/** What of the manifests shows a secret in a list of processes. */
function onCommandLines(manifests: readonly Manifest[]): string[] {
  const containers = pods(manifests).flatMap(({ owner, spec }) =>
    [...spec.containers, ...(spec.initContainers ?? [])].map((container: Manifest) => ({ owner, container })),
  );
  const inPods = containers.flatMap(({ owner, container }) => {
    const variables = secretVariables(container);
    const expanded = commandLine(container).filter((text) => variables.some((name) => text.includes(`$(${name})`)));
    const scripts = commandLine(container).flatMap((text) => handedOver(text, variables));
    return [...expanded, ...scripts].map((text) => `${owner}: ${text}`);
  });
  const every = [...new Set(containers.flatMap(({ container }) => secretVariables(container)))];
  const inFiles = manifests
    .filter(({ kind }) => kind === 'ConfigMap')
    .flatMap(({ metadata, data }) =>
      Object.entries<string>(data ?? {})
        .filter(([file]) => file.endsWith('.sh'))
        .flatMap(([file, text]) => handedOver(text, every).map((line) => `${metadata.name}/${file}: ${line}`)),
    );
  return [...inPods, ...inFiles];
}

const addToScript = (manifests: Manifest[], line: string): void => {
  const { data } = find(manifests, 'ConfigMap', 'homeroom-data-postgres');
  data['make-databases.sh'] = `${data['make-databases.sh']}${line}`;
};

describe('S19: no secret is an argument of a process', () => {
  test.each<[string, Manifest[]]>([
    ['by default', plain],
    ['at an upgrade', render({}, [], { upgrade: true })],
    ['in development', render({ 'global.development': true })],
    ['in production', render({ 'coordinator.enabled': true }, ['values-production.yaml'])],
  ])('%s', (_, manifests) => {
    expect(onCommandLines(manifests)).toEqual([]);
  });

  test.each(['coordinator', 'operator'])('the Job that adds the %s reads the password from a file', (role) => {
    const manifests = render({ [`${role}.enabled`]: true });
    const { containers, volumes } = find(manifests, 'Job', `homeroom-${role}`).spec.template.spec;
    const [{ args, env, volumeMounts }] = containers;
    const file = (args as string[])[(args as string[]).indexOf('--password-file') + 1];
    expect(args[0]).toBe(`services/families/dist/commands/add-${role}.js`);
    expect(file).toBe(`${volumeMounts[0].mountPath}/password`);
    expect(volumes[0].secret).toEqual({
      secretName: `homeroom-${role}`,
      items: [{ key: 'password', path: 'password' }],
    });
    // a password that changes ends the sessions of the account
    expect(env.map(({ name }: Manifest) => name as string)).toContain('REDIS_SESSIONS_URL');
  });

  test.each<[string, (manifests: Manifest[]) => void]>([
    [
      'an argument that Kubernetes expands',
      (manifests) =>
        find(manifests, 'StatefulSet', 'homeroom-data-redis-cache').spec.template.spec.containers[0].args.push(
          '--requirepass',
          '$(REDISCLI_AUTH)',
        ),
    ],
    [
      'a URL with a password in it',
      (manifests) =>
        find(manifests, 'Deployment', 'homeroom-families-api').spec.template.spec.containers[0].args.push(
          '--database=$(DATABASE_URL)',
        ),
    ],
    [
      'an argument that a shell expands',
      (manifests) =>
        (find(manifests, 'StatefulSet', 'homeroom-data-redis-cache').spec.template.spec.containers[0].readinessProbe = {
          exec: { command: ['sh', '-c', 'redis-cli -a "$REDISCLI_AUTH" ping'] },
        }),
    ],
    ['a script of a ConfigMap', (manifests) => addToScript(manifests, 'psql -v password="$REPLICATION_PASSWORD"\n')],
    [
      'a name that a script makes up',
      (manifests) => addToScript(manifests, 'psql -v app_password="${!app_password}"\n'),
    ],
  ])('%s is noticed', (_, change) => {
    const careless = structuredClone(plain);
    change(careless);
    expect(onCommandLines(careless)).toHaveLength(1);
  });
});

describe('the key that signs the links in mails and seals rosters', () => {
  const reference = (owner: string, manifests: Manifest[]): unknown =>
    find(manifests, 'Deployment', owner).spec.template.spec.containers[0].env.find(
      ({ name }: Manifest) => name === 'ACCOUNT_TOKEN_SECRET',
    )?.valueFrom.secretKeyRef;

  test('is shared by those that create and send them, and by no other', () => {
    const key = { name: 'homeroom-signing', key: 'account-token-secret' };
    // the worker opens the rosters that the API has sealed
    for (const owner of ['families-api', 'families-worker', 'notifications-worker'])
      expect([owner, reference(`homeroom-${owner}`, plain)]).toEqual([owner, key]);
    for (const owner of ['notifications-api', 'enrollment-api', 'enrollment-worker'])
      expect([owner, reference(`homeroom-${owner}`, plain)]).toEqual([owner, undefined]);
  });

  test('is read from a Secret of yours like the others', () => {
    const named = render({ 'global.signingSecret': 'mine' });
    expect(reference('homeroom-families-api', named)).toEqual({ name: 'mine', key: 'account-token-secret' });
  });
});
