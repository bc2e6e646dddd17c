import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { paths } from './api.ts';

const client = createClient<paths>({
  baseUrl: process.env['ORIGIN'] ?? '',
  headers: { cookie: process.env['COOKIE'] ?? '' },
});

const listed = await client.GET('/api/notifications', { params: { query: { unread: 'true' } } });
const [welcome] = listed.data?.items ?? [];
assert(welcome, listed.error?.title);

const path = { id: welcome.id };
const marked = await client.POST('/api/notifications/{id}/read', { params: { path } });
const all = await client.POST('/api/notifications/read-all', { body: { upTo: welcome.id } });
const muted = await client.PATCH('/api/notification-preferences', {
  body: { email: { kinds: { confirmed: false } } },
});
const preferences = await client.GET('/api/notification-preferences');
// a coordinator's have other kinds, and no calendar
assert(preferences.data && 'calendarUrl' in preferences.data, preferences.error?.title);
const refused = await client.GET('/api/dead-letters');

console.log(
  listed.data?.unreadCount,
  marked.response.status,
  all.data?.unreadCount,
  muted.data?.email.enabled,
  preferences.data.email.kinds.confirmed,
  refused.error?.code,
);
