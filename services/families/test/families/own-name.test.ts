import { isRefused } from '@homeroom/chassis';
import { expect, test } from '@jest/globals';
import { isOwnName } from '../../src/families/own-name.ts';
import { parseRoster } from '../../src/roster/parse-roster.ts';

test.each(['Okafor-Díaz', 'okafor diaz', 'OKAFORDIAZ', 'Ngozi.Okafor'])('%s is a name of the account', (password) =>
  expect(isOwnName(password, ['Okafor Díaz', 'Ngozi Okafor'])).toBe(true),
);

test.each(['okafor diaz kelp', 'okafor', '', ' '])('“%s” is none', (password) =>
  expect(isOwnName(password, ['Okafor Díaz', 'Ngozi Okafor'])).toBe(false),
);

test('a name is refused as the password in a roster, in its row', async () => {
  const rows = ['a@example.org,Ngozi Okafor,Okafor Díaz,okafordiaz', 'b@example.org,Ngozi Okafor,Ruiz,okafordiaz'];
  const bytes = Buffer.from(['guardian_email,guardian_name,family_name,password', ...rows].join('\n'));
  const roster = await parseRoster({ bytes, preview: true });
  if (isRefused(roster)) throw new Error(roster.code);
  expect(roster.rows.map(({ line }) => line)).toEqual([3]);
  expect(roster.rejected).toMatchObject([{ line: 2, field: 'password', reason: expect.stringContaining('own name') }]);
});
