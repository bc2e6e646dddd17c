import type { ZodFastify } from '@homeroom/chassis';
import { pageScript, pageStyle, resetPage, verifyPage } from './page-files.ts';

const files = [
  { path: '/account/verify', type: 'text/html', content: verifyPage },
  { path: '/account/reset', type: 'text/html', content: resetPage },
  { path: '/account/account.js', type: 'text/javascript', content: pageScript },
  { path: '/account/account.css', type: 'text/css', content: pageStyle },
] as const;

/** Only its own script and style, requests only to its own host, in no frame, and no base or form elsewhere. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The pages that the links in mails open. */
export function pageRoutes(app: ZodFastify): void {
  for (const { path, type, content } of files) {
    app.get(path, { schema: { hide: true } }, (_request, reply) =>
      reply
        .header('content-type', `${type}; charset=utf-8`)
        .header('content-security-policy', policy)
        .header('x-frame-options', 'DENY')
        // small, and an old script must not meet a new page
        .header('cache-control', 'no-cache')
        .send(content),
    );
  }
}
