// The textbook service that most teams start from: Express, a pg pool, cache-aside in Redis with JSON.parse and JSON.stringify.
import express from 'express';
import { Redis } from 'ioredis';
import pg from 'pg';

const ttlSeconds = 30;
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });
const redis = new Redis(process.env['REDIS_CACHE_URL'] ?? '');
const app = express();
app.use(express.json());

app.get('/api/classes/:id', async (request, response) => {
  const key = `baseline:class:${request.params.id}`;
  const cached = process.env['CACHE'] === 'off' ? null : await redis.get(key);
  if (cached !== null) {
    response.json(JSON.parse(cached));
    return;
  }
  const { rows } = await pool.query('select * from baseline_classes where class_id = $1', [request.params.id]);
  if (rows.length === 0) {
    response.status(404).json({ error: 'not found' });
    return;
  }
  if (process.env['CACHE'] !== 'off') await redis.set(key, JSON.stringify(rows[0]), 'EX', ttlSeconds);
  response.json(rows[0]);
});

app.post('/api/enrollments', async (request, response) => {
  const { classId, childId } = request.body as { classId: string; childId: string };
  const client = await pool.connect();
  try {
    await client.query('begin');
    const { rows } = await client.query<{ taken: number; capacity: number }>(
      'select taken, capacity from baseline_classes where class_id = $1 for update',
      [classId],
    );
    const found = rows[0];
    if (found === undefined || found.taken >= found.capacity) {
      await client.query('rollback');
      response.status(409).json({ error: 'no seat' });
      return;
    }
    const existing = await client.query('select 1 from baseline_enrollments where class_id = $1 and child_id = $2', [
      classId,
      childId,
    ]);
    if (existing.rows.length > 0) {
      await client.query('rollback');
      response.status(409).json({ error: 'already enrolled' });
      return;
    }
    await client.query('update baseline_classes set taken = taken + 1 where class_id = $1', [classId]);
    const inserted = await client.query(
      'insert into baseline_enrollments (class_id, child_id) values ($1, $2) returning id',
      [classId, childId],
    );
    await client.query('insert into baseline_outbox (payload) values ($1)', [JSON.stringify({ classId, childId })]);
    await client.query('commit');
    response.status(201).json(inserted.rows[0]);
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
});

app.listen(Number(process.env['PORT']), '127.0.0.1');
