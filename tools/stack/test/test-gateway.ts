import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingHttpHeaders, type RequestOptions, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@homeroom/testing';
import { haproxyConfig, type GatewayOptions } from '../src/gateway/haproxy.ts';
import { landingPage } from '../src/gateway/landing-page.ts';
import { portNames, portsOf, type Ports } from '../src/options/port-table.ts';
import { freePorts } from '../src/machine/ports.ts';
import { untilServing } from '../src/processes/serving.ts';
import { Supervisor } from '../src/processes/supervisor.ts';

const host = '127.0.0.1';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** What stands behind the gateway. */
export interface Upstream {
  server: Server;
  healthy: boolean;
  /** Hangs up on what it has read to the end. */
  dying: boolean;
}

/** A real gateway before two instances of families that echo what they are sent. */
export class TestGateway {
  readonly host = host;
  readonly upstreams = new Map<string, Upstream>();
  readonly #dir = mkdtempSync(join(tmpdir(), 'homeroom-gateway-'));
  readonly #supervisor = new Supervisor({ runDir: join(this.#dir, 'run'), logDir: join(this.#dir, 'log') });
  readonly ports: Ports;

  private constructor(ports: Ports) {
    this.ports = ports;
  }

  static async open(change: Partial<GatewayOptions> = {}): Promise<TestGateway> {
    const gateway = new TestGateway(portsOf(await freePorts(portNames.length)));
    writeFileSync(
      gateway.#landing(),
      landingPage({ gateway: 'http://g', balance: 'http://b', mail: 'http://m', payments: 'http://p' }),
    );
    for (const name of ['families-1', 'families-2'] as const) await gateway.#startUpstream(name);
    await gateway.start(change);
    return gateway;
  }

  async close(): Promise<void> {
    await this.#supervisor.stop(this.#supervisor.names());
    await Promise.all(
      [...this.upstreams.values()].map(({ server }) => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      }),
    );
    rmSync(this.#dir, { recursive: true });
  }

  /** Starts the gateway anew with other options. */
  async start(change: Partial<GatewayOptions>, rewrite?: (text: string) => string): Promise<void> {
    await this.#supervisor.stop(['gateway']);
    const file = this.config(change, rewrite);
    await this.#supervisor.start({
      name: 'gateway',
      command: 'haproxy',
      args: ['-db', '-f', file],
      ready: (signal) =>
        untilServing(signal, async () => {
          const { status } = await this.get('/');
          if (status !== 200) throw new Error(`the gateway answers ${status}`);
        }),
    });
  }

  /** Writes the configuration. @returns its path. */
  config(change: Partial<GatewayOptions>, rewrite: (text: string) => string = (text) => text): string {
    const file = join(this.#dir, 'haproxy.cfg');
    const options: GatewayOptions = {
      host,
      ports: this.ports,
      balance: 'roundrobin',
      weights: [1, 1],
      source: '127.0.0.2',
      landingPage: this.#landing(),
      trustedProxies: [],
      connectionsPerAddress: 512,
      publicOrigin: 'http://127.0.0.1:8080',
      ...change,
    };
    writeFileSync(file, rewrite(haproxyConfig(options)));
    return file;
  }

  log(): string {
    return readFileSync(this.#supervisor.logFile('gateway'), 'utf8');
  }

  /** On a connection of its own: the gateway may just be closing one that was used before. */
  send(path: string, { body, ...options }: RequestOptions & { body?: string } = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      request({ host, port: this.ports.gateway, path, agent: false, ...options }, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () =>
          resolve({ status: res.statusCode!, headers: res.headers, text: Buffer.concat(chunks).toString() }),
        );
      })
        .on('error', reject)
        .end(body);
    });
  }

  get(path: string, headers: Record<string, string> = {}, localAddress = host): Promise<Answer> {
    return this.send(path, { headers, localAddress });
  }

  /** What an instance of families says that it was sent. */
  async seen(
    path: string,
    headers?: Record<string, string>,
    from?: string,
  ): Promise<{ name: string; peer: string; headers: Record<string, string> }> {
    return JSON.parse((await this.get(path, headers, from)).text);
  }

  /** Sends bytes; resolves to all that came back until the gateway hung up. */
  async raw(bytes: string): Promise<string> {
    const socket = connect(this.ports.gateway, host);
    let text = '';
    let ended = false;
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => (ended = true));
    socket.on('error', () => undefined);
    socket.write(bytes);
    try {
      await waitFor('the gateway to hang up', () => ended);
      return text;
    } finally {
      socket.destroy();
    }
  }

  #landing(): string {
    return join(this.#dir, 'landing.html');
  }

  async #startUpstream(name: 'families-1' | 'families-2'): Promise<void> {
    const upstream: Upstream = {
      healthy: true,
      dying: false,
      server: createServer((req, res) => {
        if (req.url === '/health/ready') return void res.writeHead(upstream.healthy ? 200 : 503).end();
        if (req.url === '/api/families/stream') {
          res.write('data: first\n\n');
          return undefined;
        }
        if (req.url === '/api/families/late') return undefined;
        if (req.url === '/api/families/own-headers')
          res.setHeader('cache-control', 'private, max-age=5').setHeader('content-security-policy', 'default-src x');
        if (req.url === '/api/families/broken') return void req.socket.end('HTTP/1.1 200 OK\r\nContent-Len');
        let bytes = 0;
        req.on('data', (chunk: Buffer) => (bytes += chunk.length));
        return void req.on('end', () => {
          if (upstream.dying) return void req.socket.destroy();
          return void res.end(JSON.stringify({ name, headers: req.headers, peer: req.socket.remoteAddress, bytes }));
        });
      }),
    };
    upstream.server.keepAliveTimeout = 72_000;
    this.upstreams.set(name, upstream);
    await new Promise<void>((resolve) => upstream.server.listen(this.ports[name], host, resolve));
  }
}
