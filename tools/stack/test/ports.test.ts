import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { defaultPorts, portNames, portsFrom } from '../src/options/port-table.ts';
import { describeTaken, findTaken, freePorts, ownerOf } from '../src/machine/ports.ts';

const open: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function listen(port: number, host = '127.0.0.1'): Promise<void> {
  const server = createServer();
  open.push(server);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
}

describe('taken ports', () => {
  test('are named with the process that holds them', async () => {
    const [port = 0] = await freePorts(1);
    await listen(port);
    const taken = await findTaken({ ...defaultPorts, gateway: port }, ['gateway'], '127.0.0.1');
    expect(taken).toMatchObject([{ name: 'gateway', port, owner: { pid: process.pid } }]);
    // Jest renames its process
    expect(describeTaken(taken)).toMatch(
      new RegExp(`port ${port} \\(gateway\\) is taken by pid ${process.pid}: .*(node|jest)`),
    );
    expect(describeTaken(taken)).toContain('HOMEROOM_PORT_GATEWAY=');
  });

  test('are found when the owner listens on every address', async () => {
    const [port = 0] = await freePorts(1);
    await listen(port, '0.0.0.0');
    expect(await findTaken({ ...defaultPorts, kafka: port }, ['kafka'], '127.0.0.1')).toHaveLength(1);
  });

  test('that are free are not reported', async () => {
    const [port = 0] = await freePorts(1);
    expect(await findTaken({ ...defaultPorts, kafka: port }, ['kafka'], '127.0.0.1')).toEqual([]);
    expect(ownerOf(port)).toBeUndefined();
  });
});

test('free ports are different, and no connection of this machine takes one', async () => {
  const ports = await freePorts(40);
  expect(new Set(ports).size).toBe(40);
  expect(Math.max(...ports)).toBeLessThan(30_000);
});

describe('the port table', () => {
  test('moves as a block without a gap', () => {
    const ports = Object.values(portsFrom(18_000));
    expect(ports).toEqual(portNames.map((_, index) => 18_000 + index));
  });

  test('has no port twice', () => {
    expect(new Set(Object.values(defaultPorts)).size).toBe(portNames.length);
  });

  test('refuses a base that leaves no room', () => {
    expect(() => portsFrom(65_530)).toThrow('leaves no room');
  });
});
