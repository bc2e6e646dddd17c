import { withClient } from '@homeroom/testing';
import { readFileSync } from 'node:fs';

/** The process that all backends of the server descend from. */
export function postmasterOf(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const stat = readFileSync(`/proc/${rows[0]?.pid ?? 0}/stat`, 'utf8');
    return Number(stat.replace(/^.*\) \S /, '').split(' ')[0]);
  });
}
