export { createTestDatabase, type Migrations, type TestDatabase } from './database.ts';
export { testKafkaBrokers, testRedis, testTopicPrefix } from './engines.ts';
export { waitFor } from './wait-for.ts';
export { countQueries, type QueryCount, type QueryCounter } from './count-queries.ts';
export { startFaultProxy, type FaultProxy } from './fault-proxy.ts';
export { readExamplesOf, readmeExamples, runReadmeExample, type ReadmeExample } from './readme-examples.ts';
export { checkLeaks } from './check-leaks.ts';
export { fuzzRoutes, type FuzzOptions, type FuzzReport } from './fuzz-routes.ts';
export type { FuzzRoute } from './fuzz-requests.ts';
export {
  accessMatrix,
  type AccessCell,
  type AccessMatrix,
  type AccessRequest,
  type AccessRow,
  type AccessWorld,
  type Caller,
  type ExpectedAnswer,
} from './access-matrix.ts';
export { signInCallers } from './sign-in-callers.ts';
