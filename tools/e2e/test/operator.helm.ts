import { expect, test } from '@jest/globals';
import { find, render } from '../src/render.ts';

test('the first operator is another account than the coordinator, with a Secret and a Job of its own', () => {
  const manifests = render({ 'operator.enabled': true, 'operator.email': 'ada@homeroom.example' });
  const [operator, coordinator] = ['operator', 'coordinator'].map((role) => {
    const [{ args }] = find(manifests, 'Job', `homeroom-${role}`).spec.template.spec.containers;
    return {
      args: args as string[],
      data: find(manifests, 'Secret', `homeroom-${role}`).data as Record<string, string>,
    };
  });
  expect(operator?.args).toContain('ada@homeroom.example');
  expect(Buffer.from(operator?.data['email'] ?? '', 'base64').toString()).toBe('ada@homeroom.example');
  expect(operator?.data['password']).not.toBe(coordinator?.data['password']);
});

test('the operator’s Job reaches what the pods of families reach', () => {
  const manifests = render({ 'operator.enabled': true });
  const labels = (kind: string, name: string): Record<string, string> =>
    find(manifests, kind, name).spec.template.metadata.labels as Record<string, string>;
  const [job, api] = [labels('Job', 'homeroom-operator'), labels('Deployment', 'homeroom-families-api')];
  for (const label of ['name', 'instance', 'part-of'].map((each) => `app.kubernetes.io/${each}`))
    expect([label, job[label]]).toEqual([label, api[label]]);
});

test('no operator is made unless the values say so', () => {
  const names = render().map(({ metadata }) => metadata.name as string);
  expect(names.filter((name) => name.includes('operator'))).toEqual([]);
});

test('the first co-op gets the settings of the values', () => {
  const values = {
    'global.coopSlug': 'birch',
    'global.currency': 'GBP',
    'global.locale': 'en-GB',
    'global.timeZone': 'Europe/London',
  };
  const [{ env }] = find(render(values), 'Job', 'homeroom-families-migrate-1').spec.template.spec.containers;
  const given = Object.fromEntries((env as { name: string; value?: string }[]).map(({ name, value }) => [name, value]));
  expect(given).toMatchObject({
    ...{ COOP_SLUG: 'birch', COOP_CURRENCY: 'GBP', COOP_LOCALE: 'en-GB', TIME_ZONE: 'Europe/London' },
    COOP_NAME: 'Homeroom Co-op',
  });
});
