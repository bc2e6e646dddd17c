import { join } from 'node:path';
import type { House } from './cluster.ts';
import { checkout, runShown } from './parts.ts';

/** The journey of a whole co-op, from outside the cluster, through the gateway. */
export async function journey(house: House, families: string): Promise<void> {
  const ways = await Promise.all([
    house.forward('homeroom-gateway', 80),
    house.forward('homeroom-data-mail', 8025),
    house.forward('homeroom-data-payments', 8090),
  ]);
  try {
    const [gateway, mail, payments] = ways.map(({ url }) => url);
    const main = join(checkout, 'tools', 'stack', 'src', 'journey', 'main.ts');
    await runShown(process.execPath, ['--conditions=@homeroom/source', main, '--families', families], {
      HOMEROOM_GATEWAY_URL: gateway,
      HOMEROOM_MAIL_URL: mail,
      HOMEROOM_PAYMENTS_URL: payments,
      HOMEROOM_COORDINATOR_EMAIL: await house.secret('homeroom-coordinator', 'email'),
      HOMEROOM_COORDINATOR_PASSWORD: await house.secret('homeroom-coordinator', 'password'),
    });
  } finally {
    for (const way of ways) way.close();
  }
}
