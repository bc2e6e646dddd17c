import { generateTypedClient } from '@homeroom/testing';
import { expect, test } from '@jest/globals';
import { startHarness } from '../harness.ts';

test('a client generated from the OpenAPI document finds a class, enrolls, and cancels', async () => {
  const harness = await startHarness();
  try {
    const document = await harness.app.inject('/api/enrollment/openapi.json');
    await using client = await generateTypedClient(document.json(), {
      program: new URL('journey.ts', import.meta.url),
      mistake: (program) => program.replace("day: 'tuesday'", "day: 'someday'"),
    });
    expect(client.errors.sound).toEqual([]);
    expect(client.errors.mistaken).toEqual([expect.stringContaining(`Type '"someday"' is not assignable`)]);

    await harness.openClass({ title: 'Pottery' });
    const [child] = await harness.children(1);
    const { cookie } = await harness.guardian(child!.familyId);
    const origin = await harness.app.listen({ host: '127.0.0.1', port: 0 });
    const printed = await client.run({ ORIGIN: origin, COOKIE: cookie!, CHILD: child!.id });
    expect(printed).toBe('Pottery payment_pending seat-held cancelled not_offered\n');
  } finally {
    await harness.close();
  }
}, 60_000);
