export { connectRedis, type Redis } from './connect-redis.ts';
export { redisScript, type RedisScript } from './redis-script.ts';
export { openServiceRedis } from './service-redis.ts';
