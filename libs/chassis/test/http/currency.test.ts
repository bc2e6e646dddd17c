import { currency, minorDigits } from '@homeroom/chassis';
import { describe, expect, test } from '@jest/globals';

const complaint = (code: string): string | undefined => currency.safeParse(code).error?.issues[0]?.message;

describe('a currency is a code of ISO 4217', () => {
  test.each(['USD', 'GBP', 'EUR', 'JPY', 'KWD', 'XOF', 'ZWG'])('%s is one', (code) =>
    expect(currency.parse(code)).toBe(code),
  );

  test.each([
    ['usd', 'USD'],
    [' EUR', 'EUR'],
    ['JPN', 'a three-letter code such as JPY'],
    ['US$', 'a three-letter code such as USD'],
    ['', 'a three-letter code such as USD'],
  ])('“%s” is refused with the code that is meant', (code, meant) => {
    expect(complaint(code)).toBe(`Unknown currency "${code}". Use ${meant}.`);
  });

  test.each(['DEM', 'HRK', 'ZWL', 'XDR', 'XXX', 'XTS', 'ABC', 'Dollar'])('%s is no money today', (code) =>
    expect(complaint(code)).toMatch(`Unknown currency "${code}"`),
  );
});

test('amounts count the smallest unit: yen have no decimals, dinars have three', () => {
  const digits = Object.fromEntries(
    ['USD', 'GBP', 'HUF', 'JPY', 'XAF', 'KWD'].map((code) => [code, minorDigits(code)]),
  );
  expect(digits).toEqual({ USD: 2, GBP: 2, HUF: 2, JPY: 0, XAF: 0, KWD: 3 });
});
