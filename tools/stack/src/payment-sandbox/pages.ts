import { html, page, type Markup } from '../sandbox-http/page.ts';
import type { Reply } from '../sandbox-http/server.ts';
import { faultModes, type PaymentFaults } from './faults.ts';
import type { Charge, Refund } from './ledger.ts';
import type { Provider } from './provider.ts';

const shown = 200;

const newest = <T>(records: ReadonlyMap<string, T>): T[] => [...records.values()].slice(-shown).reverse();

const money = (cents: number, currency: string): string => `${(cents / 100).toFixed(2)} ${currency}`;

/** The ledger, newest first, and a button per fault. */
export function ledgerPage(provider: Provider, faults: PaymentFaults, webhooksPending: number): Reply {
  const { charges, refunds } = provider;
  const charge = ({ id, status, amountCents, currency, reference, createdAt }: Charge): Markup =>
    html`<tr>
      <td>${createdAt}</td>
      <td>${status}</td>
      <td>${money(amountCents, currency)}</td>
      <td>${provider.refundedCents(id) === 0 ? '' : money(provider.refundedCents(id), currency)}</td>
      <td>${reference}</td>
    </tr>`;
  const refund = ({ amountCents, currency, reference, createdAt }: Refund): Markup =>
    html`<tr>
      <td>${createdAt}</td>
      <td>${money(amountCents, currency)}</td>
      <td>${reference}</td>
    </tr>`;
  return page(
    'Payments',
    html`<h1>Payment provider, a sandbox: no money moves</h1>
      ${faultModes.map((mode) => button(mode, faults.mode))}
      <p class="quiet">
        ${charges.size} charges, ${refunds.size} refunds, ${webhooksPending} webhooks waiting; the newest ${shown} are
        shown
      </p>
      <h2>Charges</h2>
      <table>
        <thead>
          <tr>
            <th>At (UTC)</th>
            <th>Status</th>
            <th>Amount</th>
            <th>Given back</th>
            <th>Reference</th>
          </tr>
        </thead>
        <tbody>
          ${newest(charges).map(charge)}
        </tbody>
      </table>
      <h2>Refunds</h2>
      <table>
        <thead>
          <tr>
            <th>At (UTC)</th>
            <th>Amount</th>
            <th>Reference</th>
          </tr>
        </thead>
        <tbody>
          ${newest(refunds).map(refund)}
        </tbody>
      </table>`,
  );
}

const button = (mode: PaymentFaults['mode'], current: PaymentFaults['mode']): Markup =>
  html`<form action="/sandbox/faults" method="post">
    <button name="mode" value="${mode}" aria-pressed="${String(mode === current)}">
      ${mode === 'none' ? 'works' : mode}
    </button>
  </form>`;
