/** What trackers and the workflows of their operations call each other by. */

/** Type of the workflow that follows the operations of a connection. */
export const TRACK_OPERATIONS = 'trackOperations';

/** Signal of a tracker: a list of registrations. */
export const REGISTER_SIGNAL = 'register';
/** Signal of a tracker: an operation's workflow follows it itself from now on. */
export const RELEASE_SIGNAL = 'release';
/** Signal of a tracker: ask now instead of waiting. */
export const HURRY_SIGNAL = 'hurry';
/** Signal of a tracker: another one that had its id has ended and left operations behind. */
export const ADOPT_SIGNAL = 'adopt';
/** Signal of an operation's workflow: what became of its operation. */
export const TOLD_SIGNAL = 'trackerTold';
/** Signal of an operation's workflow: its tracker may have lost it. */
export const REGISTER_AGAIN_SIGNAL = 'registerAgain';
/** Memo of an operation: the first tracker of its connection. */
export const TRACKER_MEMO = 'tracker';
/** Memo of a tracker that was split: it passes on what it is told. */
export const SPLIT_MEMO = 'split';
