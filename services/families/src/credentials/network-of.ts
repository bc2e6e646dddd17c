/** An IPv4 address, or the /64 network of an IPv6 address: a client that has one address of a /64 has all 2^64 of them. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  // an IPv4 address mapped to IPv6, ::ffff:192.0.2.1
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const groups = (text = ''): string[] => text.split(':').filter((group) => group !== '');
  const [head, tail] = address.split('::');
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  const network = [...before, ...zeros, ...after].slice(0, 4).map((group) => parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
