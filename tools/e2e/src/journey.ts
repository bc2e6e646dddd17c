import { runJourney } from '@homeroom/journey';
import { forward, type Release } from './cluster.ts';

/** The journey of a whole co-op, from outside the cluster, through the gateway. */
export async function journey(release: Release, families: string): Promise<void> {
  const [gateway, mail, payments] = await Promise.all([
    forward(release, 'homeroom-gateway', 80),
    forward(release, 'homeroom-data-mail', 8025),
    forward(release, 'homeroom-data-payments', 8090),
  ]);
  try {
    const coordinator = {
      email: await release.secret('homeroom-coordinator', 'email'),
      password: await release.secret('homeroom-coordinator', 'password'),
    };
    const target = { gateway: gateway.url, mail: mail.url, payments: payments.url, coordinator };
    const code = await runJourney(target, ['--families', families]);
    if (code !== 0) throw new Error(`the journey exited with ${code}`);
  } finally {
    for (const way of [gateway, mail, payments]) way.close();
  }
}
