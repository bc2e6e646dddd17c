import type { StackFile } from '../stack/stack-file.ts';
import { serviceNames } from '../options/service-names.ts';

const about: Record<(typeof serviceNames)[number], string> = {
  families: 'Families, guardians, children, sign-in',
  enrollment: 'Classes, seats, waitlist, payments',
  notifications: 'Mail, inbox, live stream, calendar feed',
};

/** The page at `/`: where a person finds everything that runs. One file without a script, small enough for HAProxy. */
export function landingPage({
  gateway,
  balance,
  mail,
  payments,
}: Pick<StackFile, 'gateway' | 'balance' | 'mail' | 'payments'>): string {
  const apis = serviceNames.map((service) =>
    card(
      `/api/${service}/docs`,
      service,
      about[service],
      `<a class="raw" href="/api/${service}/openapi.json">openapi.json</a>`,
    ),
  );
  const rooms = [
    ...(mail === undefined ? [] : [card(mail, 'Mail', 'Every mail that was sent, with its invitation')]),
    card(payments, 'Payments', 'The provider’s ledger. Make it slow, failing or down'),
    card(balance, 'Gateway', 'Which instance is up, and what each was given'),
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Homeroom</title>
<style>
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6775; --paper: #fbfaf6; --card: #fff; --line: #e4e0d5; --mark: #2f6f4e }
@media (prefers-color-scheme: dark) { :root { --ink: #ecebe6; --soft: #a7adb5; --paper: #16191d; --card: #1f2429; --line: #323a42; --mark: #7cc79d } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.5 system-ui, sans-serif }
main { max-width: 58rem; margin: 0 auto; padding: 4rem 1.5rem }
h1 { font-size: 2.4rem; line-height: 1.1; margin: 0 0 .5rem; letter-spacing: -.02em }
h1 + p { color: var(--soft); max-width: 36rem; margin: 0 }
h2 { font-size: .85rem; letter-spacing: .08em; text-transform: uppercase; color: var(--soft); margin: 3rem 0 1rem }
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)) }
li { position: relative; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem }
li:hover, li:focus-within { border-color: var(--mark) }
li > a:first-child { color: var(--mark); font-weight: 650; text-decoration: none; text-transform: capitalize }
li > a:first-child::after { content: ""; position: absolute; inset: 0 }
li p { margin: .25rem 0 0; color: var(--soft); font-size: .95rem }
.raw { position: relative; display: inline-block; margin-top: .5rem; color: var(--soft); font-size: .85rem }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.25rem; overflow-x: auto; font-size: .9rem }
a:focus-visible { outline: 2px solid var(--mark); outline-offset: 3px }
</style>
<main>
<h1>Homeroom is running</h1>
<p>Families register, enrol their children in classes with few seats, and hear back.</p>
<h2>The services</h2>
<ul>
${apis.join('\n')}
</ul>
<h2>Around them</h2>
<ul>
${rooms.join('\n')}
</ul>
<h2>A first look</h2>
<pre>curl -s '${gateway}/api/classes?limit=3'</pre>
</main>
</html>
`;
}

function card(href: string, title: string, text: string, more = ''): string {
  return `<li><a href="${href}">${title}</a><p>${text}</p>${more}</li>`;
}
