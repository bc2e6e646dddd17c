import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const checkout = join(import.meta.dirname, '..', '..', '..');
const text = readFileSync(join(checkout, 'Dockerfile'), 'utf8').replaceAll(/^#(?!\s*syntax).*\n/gm, '');
const stages = new Map(
  text
    .split(/^(?=FROM )/m)
    .slice(1)
    .map((stage) => [/ AS (\S+)/.exec(stage)?.[1] ?? '', stage]),
);

describe('the Dockerfile', () => {
  test('ends with the image of production, so that a build without a target makes that', () => {
    expect([...stages.keys()].at(-1)).toBe('service');
    expect(stages.get('service')).toContain('FROM ${RUNTIME_IMAGE}');
    expect(text).toContain('ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot');
  });

  test('runs as a numbered user that is not root, in every image that is started', () => {
    for (const name of ['service', 'dev']) expect(stages.get(name)).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
  });

  test('builds on no tag that moves under its name', () => {
    expect(text).not.toMatch(/:latest\b/);
    for (const [, image = ''] of text.matchAll(/^ARG \w+_IMAGE=(.*)$/gm)) expect(image).toMatch(/:.+$/);
  });

  test('is read by the classic builder too', () => {
    expect(text).not.toMatch(/^#\s*syntax|--mount|--link|--parents|<<\s*\w+$/m);
  });

  test('installs what the lock says, and nothing in the image of production', () => {
    expect(text.match(/\bnpm \w+/g)).toEqual(['npm ci']);
    expect(stages.get('service')).not.toMatch(/^RUN/m);
  });

  test('takes certificates into the stage that installs, and from there only what it installed', () => {
    const holding = [...stages].filter(([, stage]) => stage.includes('/certificates/')).map(([name]) => name);
    expect(holding).toEqual(['packages']);
    for (const name of ['service', 'dev', 'warm']) expect(stages.get(name)).not.toMatch(/--from=packages/);
  });
});
