/** Signals and queries of trackers, and of the operations that they follow. Whoever reaches the namespace can send any of them. */
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Shown } from '../../activities/tracker/messages';
import { TRACKED_QUERY, type TrackedStanding } from '../../contract';
import { ADOPT_SIGNAL, HURRY_SIGNAL, REGISTER_AGAIN_SIGNAL, REGISTER_SIGNAL, RELEASE_SIGNAL, TOLD_SIGNAL } from '../../jobs/tracker-names';

export const registerSignal = defineSignal<[unknown]>(REGISTER_SIGNAL);
export const releaseSignal = defineSignal<[Shown | null | undefined]>(RELEASE_SIGNAL);
export const hurrySignal = defineSignal<[Shown | null | undefined]>(HURRY_SIGNAL);
export const adoptSignal = defineSignal<[unknown]>(ADOPT_SIGNAL);
export const toldSignal = defineSignal<[unknown]>(TOLD_SIGNAL);
export const registerAgainSignal = defineSignal(REGISTER_AGAIN_SIGNAL);

/** By the id of the operation's workflow. */
export const standingQuery = defineQuery<TrackedStanding, [string]>(TRACKED_QUERY);
