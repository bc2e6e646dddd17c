import type { Coop, Directory } from '@homeroom/coops';

/**
 * Where the pages of a co-op are: at PUBLIC_ORIGIN if that is one of its hosts, or if it has none; otherwise at its first
 * host, with the scheme and the port of PUBLIC_ORIGIN.
 */
export function coopOrigin(coops: Pick<Directory, 'byHost'>, coop: Coop, publicOrigin: string): string {
  const { host, protocol, port } = new URL(publicOrigin);
  const [first] = coop.hosts;
  if (first === undefined || coops.byHost(host)?.coopId === coop.coopId) return publicOrigin;
  return `${protocol}//${first}${port === '' ? '' : `:${port}`}`;
}
