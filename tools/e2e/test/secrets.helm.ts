import { expect, test } from '@jest/globals';
import { find, render, type Manifest } from '../src/render.ts';

const plain = render();
const secrets = (manifests: Manifest[]): Manifest[] => manifests.filter(({ kind }) => kind === 'Secret');
const clear = ({ data }: Manifest): string[] =>
  Object.values(data as Record<string, string>).map((value) => Buffer.from(value, 'base64').toString());

/** Passwords that stand outside of Secrets. */
const shown = (manifests: Manifest[]): string[] => {
  const others = JSON.stringify(manifests.filter(({ kind }) => kind !== 'Secret'));
  return secrets(manifests)
    .flatMap(clear)
    .filter((text) => !text.includes('@') && others.includes(text));
};

test('no password stands anywhere but in Secrets', () => {
  expect(shown(plain)).toEqual([]);
  const careless = structuredClone(plain);
  const [password] = clear(find(careless, 'Secret', 'homeroom-data-redis'));
  find(careless, 'ConfigMap', 'homeroom-families').data.REDIS_CACHE_PASSWORD = password;
  expect(shown(careless)).toEqual([password]);
});

test('passwords are long, made for each purpose, and fit into a URL', () => {
  const passwords = secrets(plain)
    .flatMap(clear)
    .filter((text) => !text.includes('@'));
  expect(passwords.length).toBe(12);
  expect(new Set(passwords).size).toBe(passwords.length);
  for (const password of passwords) expect(password).toMatch(/^[A-Za-z0-9]{32}$/);
});

test('Secrets stay when the release goes, as the volumes do that know them', () => {
  for (const { metadata } of secrets(plain)) expect(metadata.annotations['helm.sh/resource-policy']).toBe('keep');
});

test('who names a Secret gets none made', () => {
  const names = (values: Record<string, unknown>): string[] =>
    secrets(render(values)).map(({ metadata }) => metadata.name as string);
  expect(names({})).toContain('homeroom-signing');
  expect(names({ 'global.signingSecret': 'mine' })).not.toContain('homeroom-signing');
  expect(names({ 'coordinator.enabled': false })).not.toContain('homeroom-coordinator');
});
