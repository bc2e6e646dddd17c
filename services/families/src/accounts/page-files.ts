/*
 * The pages that the links in mails open. They work on a phone and without the portal: static markup, one style, one script,
 * nothing from another host. The token stays in the fragment, which browsers never send.
 */

const layout = (title: string, body: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>${title}</title>
    <link rel="stylesheet" href="/account/account.css">
    <script src="/account/account.js" defer></script>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
${body}
      <p id="result" role="status"></p>
      <noscript><p>This page needs JavaScript.</p></noscript>
    </main>
  </body>
</html>
`;

// A button, not a visit: programs that follow links in mails must not confirm what a stranger registered.
export const verifyPage = layout(
  'Confirm your email address',
  `      <form id="verify">
        <p>Confirm only if you registered yourself. If someone else used your address, close this page and ask for a password
        reset instead: it gives the account to you.</p>
        <button>Confirm my address</button>
      </form>`,
);

export const resetPage = layout(
  'Set a new password',
  `      <form id="reset">
        <p>A new password ends every session of your account, on every device.</p>
        <label for="password">New password, at least 8 characters</label>
        <input id="password" name="password" type="password" autocomplete="new-password" minlength="8" maxlength="256" required autofocus>
        <label><input id="show" type="checkbox"> Show the password</label>
        <button>Set the password</button>
      </form>`,
);

export const pageStyle = `:root { color-scheme: light dark }
body { font: 17px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 32rem; padding: 1.5rem }
h1 { font-size: 1.4rem }
label { display: block; margin: .5rem 0 }
input, button { font: inherit; padding: .5rem .8rem }
#password { width: 100%; box-sizing: border-box }
button { margin-top: .5rem }
#result:not(:empty) { border-left: .25rem solid currentColor; padding-left: .8rem; font-weight: 600 }
`;

export const pageScript = `'use strict';
const token = location.hash.slice(1);
const result = document.getElementById('result');
const verify = document.getElementById('verify');
const reset = document.getElementById('reset');
const stale = 'This link is invalid, has expired, or was used already. Links work once, for 30 minutes. ';

// not in the history and the address bar: only this page has the token now
if (token !== '') history.replaceState(null, '', location.pathname);

async function send(path, body) {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return response.ok ? { code: 'done' } : await response.json();
  } catch {
    return { code: 'unreachable' };
  }
}

function explain(problem, how) {
  if (problem.code === 'token_invalid') return stale + how;
  if (problem.code === 'validation_failed') {
    return 'The password ' + problem.errors.map((error) => error.message).join('; ') + '.';
  }
  if (problem.code === 'rate_limited') return 'Too many requests. Wait a minute, then try again.';
  return 'That did not work just now. Check your connection and try again in a moment.';
}

function onSubmit(form, work) {
  if (token === '') {
    form.hidden = true;
    result.textContent = 'This link is incomplete. Open the link in the mail again, or copy all of it.';
    return;
  }
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    result.textContent = 'One moment …';
    result.textContent = await work(form);
    button.disabled = false;
  });
}

if (verify !== null) {
  onSubmit(verify, async (form) => {
    const answer = await send('/api/email-verifications/confirm', { token });
    if (answer.code === 'token_invalid') form.hidden = true;
    if (answer.code !== 'done') return explain(answer, 'Sign in and ask for a new verification mail.');
    form.hidden = true;
    return 'Your address is confirmed. You can close this page.';
  });
}

if (reset !== null) {
  const field = document.getElementById('password');
  document.getElementById('show').addEventListener('change', (event) => {
    field.type = event.target.checked ? 'text' : 'password';
  });
  onSubmit(reset, async (form) => {
    const answer = await send('/api/password-resets/confirm', { token, password: field.value });
    if (answer.code === 'token_invalid') form.hidden = true;
    if (answer.code !== 'done') return explain(answer, 'Ask for a new password reset mail.');
    form.hidden = true;
    return 'Your password is set, and every session of your account has ended. Sign in with the new password.';
  });
}
`;
