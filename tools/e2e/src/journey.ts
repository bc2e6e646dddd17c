import { runJourney } from '@homeroom/journey';
import type { House } from './cluster.ts';

/** The journey of a whole co-op, from outside the cluster, through the gateway. */
export async function journey(house: House, families: string): Promise<void> {
  const [gateway, mail, payments] = await Promise.all([
    house.forward('homeroom-gateway', 80),
    house.forward('homeroom-data-mail', 8025),
    house.forward('homeroom-data-payments', 8090),
  ]);
  try {
    const coordinator = {
      email: await house.secret('homeroom-coordinator', 'email'),
      password: await house.secret('homeroom-coordinator', 'password'),
    };
    const target = { gateway: gateway.url, mail: mail.url, payments: payments.url, coordinator };
    const code = await runJourney(target, ['--families', families]);
    if (code !== 0) throw new Error(`the journey exited with ${code}`);
  } finally {
    for (const way of [gateway, mail, payments]) way.close();
  }
}
