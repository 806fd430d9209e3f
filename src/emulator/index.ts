/** The emulator as a library. */
export type { OperationsReport, RequestWait } from './admin-client';
export { EmulatorAdmin } from './admin-client';
export type { ODataError } from './answer';
export type { ActiveFault, Fault, Script } from './fault-schema';
export type { OperationPlan, OperationStatus, OperationView } from './operation';
export type { EmulatorOptions } from './options';
export type { RecordedRequest, RequestFilter } from './request-log';
export type { DrawingPackageOptions } from './sample-package';
export { buildDrawingPackage } from './sample-package';
export type { Emulator } from './server';
export { startEmulator } from './server';
