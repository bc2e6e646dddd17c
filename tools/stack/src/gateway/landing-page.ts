import { fill } from './haproxy.ts';

/** The page at `/`, with links to everything that runs beside the services. */
export function landingPage({
  gateway,
  balance,
  mail,
  payments,
}: {
  gateway: string;
  balance: string;
  mail?: string | undefined;
  payments: string;
}): string {
  const card = (href: string, title: string, text: string): string =>
    `<li><a href="${href}">${title}</a><p>${text}</p></li>`;
  return fill('landing.html', {
    around: `<h2>Around them</h2>
<ul>
${mail === undefined ? '' : card(mail, 'Mail', 'Every mail that was sent, with its invitation')}
${card(payments, 'Payments', 'The provider’s ledger. Make it slow, failing, or down')}
${card(balance, 'Gateway', 'Which instance is up, and how many requests each received')}
</ul>
<h2>A first look</h2>
<pre>curl -s '${gateway}/api/classes?limit=3'</pre>`,
  });
}
