import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

const inCluster = new BlockList();
inCluster.addSubnet('10.0.0.0', 8);
inCluster.addSubnet('172.16.0.0', 12);
inCluster.addSubnet('192.168.0.0', 16);
inCluster.addSubnet('100.64.0.0', 10);
inCluster.addSubnet('198.18.0.0', 15);
inCluster.addSubnet('fc00::', 7, 'ipv6');

/**
 * Unwanted load is an attack, so by default only this machine is allowed, and from a pod also its cluster: service names and
 * private addresses.
 * @throws {Error} naming the target and the fix.
 */
export function checkTarget(target: string, { anyHost, inPod }: { anyHost: boolean; inPod: boolean }): URL {
  if (!URL.canParse(target)) throw new Error(`“${target}” is not a URL such as http://127.0.0.1:8080`);
  const url = new URL(target);
  if (url.protocol !== 'http:') throw new Error(`“${target}”: only http is spoken here; point it behind the TLS`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (anyHost || host === 'localhost' || contains(loopback, host)) return url;
  if (inPod && (isServiceName(host) || contains(inCluster, host))) return url;
  throw new Error(
    `${host} is neither this machine nor, from a pod, a service of this cluster: add --any-host if it is yours`,
  );
}

function contains(list: BlockList, host: string): boolean {
  const version = isIP(host);
  return version !== 0 && list.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

function isServiceName(host: string): boolean {
  return isIP(host) === 0 && (!host.includes('.') || /\.svc(\.cluster\.local)?$/.test(host));
}
