import { describe, expect, test } from '@jest/globals';
import { emailAddress, normalizedEmail } from '../src/index.ts';

const domainOf = (length: number): string => `${'d'.repeat(60)}.`.repeat(4).slice(0, length - 4) + '.org';

test.each([
  'a@b.co',
  'ngozi.okafor+coop@mail.example.org',
  "o'brien-x_1@example.org",
  `${'l'.repeat(64)}@example.org`,
  `${'l'.repeat(64)}@${domainOf(189)}`,
  'ngozi@xn--bcher-kva.xn--p1ai',
])('%s is an address', (address) => expect(emailAddress.test(address)).toBe(true));

test.each([
  ['a local part of 65 characters', `${'l'.repeat(65)}@example.org`],
  ['255 characters', `${'l'.repeat(64)}@${domainOf(190)}`],
  ['a quoted local part', '"a b"@example.org'],
  ['a header', 'a@example.org\nBcc: b@example.org'],
  ['two addresses', 'a@example.org,b@example.org'],
  ['a display name', 'Ada <a@example.org>'],
  ['a literal', 'a@[192.0.2.1]'],
  ['no dot in the domain', 'a@localhost'],
  ['a label of 64 characters', `a@${'d'.repeat(64)}.org`],
  ['a label that ends with a hyphen', 'a@example-.org'],
  ['dots in a row', 'a..b@example.org'],
  ['a dot at the end of the local part', 'a.@example.org'],
  ['letters beyond ASCII', 'zoë@example.org'],
])('S20: %s is none', (_what, address) => expect(emailAddress.test(address)).toBe(false));

test('a hostile address takes no time', () => {
  const start = performance.now();
  for (const part of ['a.', 'a-', "'"]) emailAddress.test(`${part.repeat(100_000)}@${part.repeat(100_000)}!`);
  emailAddress.test(`a@${'a.'.repeat(120)}!`);
  emailAddress.test(`a@${'a-'.repeat(120)}!`);
  expect(performance.now() - start).toBeLessThan(1_000);
});

describe('an address has one spelling', () => {
  test.each([
    [' Ngozi@Example.ORG ', 'ngozi@example.org'],
    ['\tngozi@example.org\u00a0', 'ngozi@example.org'],
    ['ngozi@bücher.example', 'ngozi@xn--bcher-kva.example'],
    ['ngozi@BU\u0308CHER.example', 'ngozi@xn--bcher-kva.example'],
    ['ngozi@XN--BCHER-KVA.example', 'ngozi@xn--bcher-kva.example'],
    ['ngozi@straße.de', 'ngozi@xn--strae-oqa.de'],
    ['ngozi@例え。テスト', 'ngozi@xn--r8jz45g.xn--zckzah'],
    ['ngozi@пример.рф', 'ngozi@xn--e1afmkfd.xn--p1ai'],
  ])('%j is %s', (given, address) => {
    expect(normalizedEmail(given)).toBe(address);
    expect(emailAddress.test(address)).toBe(true);
    expect(normalizedEmail(address)).toBe(address);
  });

  test.each([
    ['nothing', ''],
    ['no domain', 'ngozi@'],
    ['no local part', '@bücher.example'],
    ['letters beyond ASCII before the @', 'zoë@bücher.example'],
    ['a path', 'ngozi@bücher.example/x'],
    ['a query', 'ngozi@bücher.example?x'],
    ['an escape', 'ngozi@bücher%2eexample'],
    ['a port', 'ngozi@bücher.example:25'],
    ['a space', 'ngozi@bü cher.example'],
    ['a line break', 'ngozi@bücher.example\nx'],
    ['an emoji', 'ngozi@☕.example'],
    ['no dot', 'ngozi@bücher'],
    ['two dots', 'ngozi@bücher..example'],
    ['a number for a host', 'ngozi@１２７.１'],
    ['a label that is too long in ASCII', `ngozi@${'ü'.repeat(80)}.example`],
    ['a domain that is too long', `ngozi@${'ü.'.repeat(1_000)}example`],
    ['half a character', 'ngozi@b\ud800.example'],
  ])('%s makes none', (_what, given) => expect(emailAddress.test(normalizedEmail(given))).toBe(false));
});
