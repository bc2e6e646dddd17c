import { z } from 'zod';
import { nearest } from './nearest.ts';

/** What `Intl` still lists although ISO 4217 has withdrawn it, and codes that are units of account and not money. */
const notMoney = new Set(['ANG', 'CUC', 'HRK', 'SLL', 'XDR', 'XSU', 'ZWL']);

const codes: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency').filter((code) => !notMoney.has(code)));

/**
 * ISO 4217's minor units, where there are not two. `Intl` has others for some currencies (none for HUF), because it rounds as
 * shops do; payment providers count as ISO 4217 does.
 */
const digits: ReadonlyMap<string, number> = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
]);

/**
 * How many decimals an amount of a currency has: amounts are whole numbers of its smallest unit, so 1500 are $15.00, ¥1500, and
 * 1.500 KWD.
 */
export const minorDigits = (currency: string): number => digits.get(currency) ?? 2;

function unknownCurrency(given: string): string {
  const short = Array.from(given).slice(0, 20).join('');
  const code = given.trim().toUpperCase();
  if (codes.has(code)) return `Unknown currency "${short}". Use ${code}.`;
  const [advice = 'USD', ...more] = code.length > 4 ? [] : nearest(code, codes);
  return `Unknown currency "${short}". Use a three-letter code such as ${[advice, ...more.slice(0, 2)].join(', ')}.`;
}

/** A currency of ISO 4217 that people pay with, in capital letters. */
export const currency = z
  .string()
  .max(64)
  .refine((code) => codes.has(code), { error: ({ input }) => unknownCurrency(String(input)) })
  .meta({ description: 'Currency of ISO 4217, USD', pattern: '^[A-Z]{3}$', examples: ['USD'] });
