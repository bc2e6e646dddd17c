import { faultButtons, html, page, table } from '../http/page.ts';
import { faultModes, type PaymentFaults } from './faults.ts';
import type { Provider } from './provider.ts';

const shown = 200;

const newest = <T>(records: ReadonlyMap<string, T>): T[] => [...records.values()].slice(-shown).reverse();

const money = (cents: number, currency: string): string => `${(cents / 100).toFixed(2)} ${currency}`;

/** The ledger, newest first, and a button per fault. */
export function ledgerPage(provider: Provider, faults: PaymentFaults, webhooksPending: number): string {
  const { charges, refunds } = provider;
  const chargeRows = newest(charges).map(({ id, createdAt, status, amountCents, currency, reference }) => {
    const refunded = provider.refundedCents(id);
    const refundedText = refunded === 0 ? '' : money(refunded, currency);
    return [createdAt, status, money(amountCents, currency), refundedText, reference];
  });
  const refundRows = newest(refunds).map(({ createdAt, amountCents, currency, reference }) => [
    createdAt,
    money(amountCents, currency),
    reference,
  ]);
  return page(
    'Payments',
    html`<h1>Payment provider (sandbox): no money moves</h1>
      ${faultButtons(faultModes, faults.mode)}
      <p class="quiet">
        ${charges.size} charges, ${refunds.size} refunds, ${webhooksPending} webhooks pending; the newest ${shown} are
        shown
      </p>
      <h2>Charges</h2>
      ${table(['At (UTC)', 'Status', 'Amount', 'Refunded', 'Reference'], chargeRows)}
      <h2>Refunds</h2>
      ${table(['At (UTC)', 'Amount', 'Reference'], refundRows)}`,
  );
}
