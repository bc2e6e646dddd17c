import { chassisProblem } from '@homeroom/chassis';
import { redisScript, type Redis } from '@homeroom/redis';

/**
 * Prepares a script that counts sign-ins. The function returns the numbers that the script returns.
 * @throws {Problem} `sessions_unavailable`, from the function.
 */
export function signInScript(
  redis: Redis,
  text: string,
): (keys: readonly string[], args: readonly (string | number)[]) => Promise<number[]> {
  const run = redisScript(redis, text);
  return async (keys, args) => {
    try {
      return [await run(keys, args)].flat().map(Number);
    } catch (error) {
      throw Object.assign(chassisProblem('sessions_unavailable'), { cause: error });
    }
  };
}
