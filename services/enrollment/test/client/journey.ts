import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { paths } from './api.ts';

const client = createClient<paths>({
  baseUrl: process.env['ORIGIN'] ?? '',
  headers: { cookie: process.env['COOKIE'] ?? '' },
});

const listed = await client.GET('/api/classes', { params: { query: { day: 'tuesday', limit: 10 } } });
const [open] = listed.data?.items ?? [];
assert(open && open.seatsLeft > 0, listed.error?.title);

const enrolled = await client.POST('/api/enrollments', {
  params: { header: { 'Idempotency-Key': 'journey-of-a-typed-client' } },
  body: { classId: open.id, childId: process.env['CHILD'] ?? '' },
});
assert(enrolled.data, enrolled.error?.title);

const params = { path: { enrollmentId: enrolled.data.id } };
const read = await client.GET('/api/enrollments/{enrollmentId}', { params });
assert(read.data, read.error?.title);
const canceled = await client.DELETE('/api/enrollments/{enrollmentId}', { params });
const refused = await client.POST('/api/enrollments/{enrollmentId}/accept', { params });

console.log(
  read.data.class.title,
  read.data.status,
  read.data.history.map(({ type }) => type).join(),
  canceled.data?.status,
  refused.error?.code,
);
