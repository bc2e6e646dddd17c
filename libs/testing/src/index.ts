export { createTestDatabase, type TestDatabase } from './database.ts';
export { testKafkaBrokers, testRedis, testTopicPrefix } from './engines.ts';
export { Closing } from './closing.ts';
export {
  openServiceEngines,
  openTestDatabase,
  openTestRedis,
  type EngineOptions,
  type ServiceEngines,
} from './service-engines.ts';
export { runProgram, startProgram, type Program } from './program.ts';
export { serviceEnvironment } from './service-environment.ts';
export { configNames, errorRows, readmeTables } from './readme-tables.ts';
export { jargonIn, jargonRows } from './plain-sentences.ts';
export { waitFor } from './wait-for.ts';
export { countQueries } from './count-queries.ts';
export { startFaultProxy, type FaultProxy } from './fault-proxy.ts';
export { readExamplesOf, runReadmeExample } from './readme-examples.ts';
export { checkLeaks } from './check-leaks.ts';
export { openApiMistakes } from './check-openapi.ts';
export { fuzzRoutes } from './fuzz-routes.ts';
export { accessMatrix, type AccessRow, type AccessWorld, type Caller, type ExpectedAnswer } from './access-matrix.ts';
export { signInCallers } from './sign-in-callers.ts';
export { generateTypedClient } from './typed-client.ts';
export { withClient } from './with-client.ts';
export { collectStatements, everyChoice } from './collect-statements.ts';
export { openStatementGuard, type StatementGuard } from './statement-guard.ts';
export { distributionMistakes } from './distribution.ts';
