/** Markup that is put into a page as it is. */
export interface Markup {
  readonly markup: string;
}

type Part = string | number | Markup | readonly Markup[] | undefined;

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

const render = (part: Part): string => {
  if (part === undefined) return '';
  if (typeof part === 'object') return 'markup' in part ? part.markup : part.map(render).join('');
  return escape(String(part));
};

/** Builds markup. Every value in it is escaped unless it is markup itself. */
export const html = (texts: TemplateStringsArray, ...parts: Part[]): Markup => ({
  markup: texts.reduce((before, text, index) => before + render(parts[index - 1]) + text),
});

const style = `
  :root { color-scheme: light dark; --line: #8884; --quiet: #888; --accent: #2a6f5a }
  * { box-sizing: border-box }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1.5rem }
  h1 { font-size: 1.3rem; margin: 0 0 1rem } h1 a { color: inherit; text-decoration: none }
  table { border-collapse: collapse; width: 100% } th { text-align: left; font-weight: 600; color: var(--quiet) }
  th, td { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere }
  form { display: inline-flex; gap: .5rem; flex-wrap: wrap; margin: 0 .5rem 1rem 0 }
  input, button { font: inherit; padding: .3rem .7rem; border: 1px solid var(--line); border-radius: .3rem }
  button[aria-pressed=true] { background: var(--accent); color: #fff }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); padding: 1rem; border-radius: .3rem }
  iframe { width: 100%; height: 28rem; border: 1px solid var(--line); border-radius: .3rem; background: #fff }
  .quiet { color: var(--quiet) }
`;

/** Nothing is loaded from anywhere, no script runs, and no other site may frame a page. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'",
  'referrer-policy': 'same-origin',
};

/** A whole page, to be sent with `pageHeaders`. */
export const page = (title: string, body: Markup): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <style>
          ${{ markup: style }}
        </style>
      </head>
      <body>
        ${body}
      </body>
    </html> `.markup;

/** A table; its cells are escaped like everything else. */
export const table = (names: readonly string[], rows: readonly (readonly Part[])[]): Markup =>
  html`<table>
    <thead>
      <tr>
        ${names.map((name) => html`<th>${name}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (cells) =>
          html`<tr>
            ${cells.map((cell) => html`<td>${cell}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;

/** One button for each fault mode. */
export const faultButtons = (modes: readonly string[], current: string): Markup[] =>
  modes.map(
    (mode) =>
      html`<form action="/sandbox/faults" method="post">
        <button name="mode" value="${mode}" aria-pressed="${String(mode === current)}">
          ${mode === 'none' ? 'works' : mode}
        </button>
      </form>`,
  );
