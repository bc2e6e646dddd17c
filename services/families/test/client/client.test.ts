import { generateTypedClient } from '@homeroom/testing';
import { expect, test } from '@jest/globals';
import { startHarness } from '../harness.ts';

test('a client generated from the OpenAPI document registers, signs in, adds a child, and changes it', async () => {
  const service = await startHarness();
  try {
    const document = await service.app.inject('/api/families/openapi.json');
    await using client = await generateTypedClient(document.json(), {
      program: new URL('journey.ts', import.meta.url),
      mistake: (program) => program.replace('data?.familyVersion', 'data?.revision'),
    });
    expect(client.errors.sound).toEqual([]);
    expect(client.errors.mistaken).toEqual([expect.stringContaining("Property 'revision' does not exist")]);

    const origin = await service.app.listen({ host: '127.0.0.1', port: 0 });
    expect(await client.run({ ORIGIN: origin })).toBe('Maya Okafor 3 precondition_failed\n');
  } finally {
    await service.close();
  }
}, 60_000);
