import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { paths } from './api.ts';

const client = createClient<paths>({ baseUrl: process.env['ORIGIN'] ?? '' });
const guardian = { name: 'Ngozi Okafor', email: 'ngozi@example.org', password: 'correct horse battery staple' };

const registered = await client.POST('/api/families', { body: { name: 'Okafor', guardian } });
assert(registered.data, registered.error?.title);

const { email, password } = guardian;
const signedIn = await client.POST('/api/sessions', { body: { email, password } });
assert(signedIn.data, signedIn.error?.title);
const cookie = signedIn.response.headers.getSetCookie().map((one) => one.split(';', 1)[0]);
client.use({ onRequest: ({ request }) => request.headers.set('cookie', cookie.join('; ')) });

const path = { familyId: registered.data.id };
const read = await client.GET('/api/families/{familyId}', { params: { path } });
assert.equal(read.data?.guardians[0]?.emailVerified, false);

const added = await client.POST('/api/families/{familyId}/children', {
  params: { path },
  body: { name: 'Maya', birthDate: '2017-04-02' },
});
assert(added.data, added.error?.title);

const rename = (tag: string | null) =>
  client.PATCH('/api/families/{familyId}/children/{childId}', {
    params: { path: { ...path, childId: added.data?.id ?? '' }, header: { 'If-Match': tag ?? '' } },
    body: { name: 'Maya Okafor' },
  });
const renamed = await rename(added.response.headers.get('etag'));
const refused = await rename(added.response.headers.get('etag'));

console.log(renamed.data?.name, renamed.data?.familyVersion, refused.error?.code);
