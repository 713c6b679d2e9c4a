import type { OperatorClock } from "../../clients/operator-clock";

/** A clock of the operator's that only goes on where somebody waits, or by `pass`. */
export class FakeClock implements OperatorClock {
    /** Seconds since it was made. */
    passed = 0;
    /** How long was waited each time. */
    readonly pauses: number[] = [];

    constructor(private readonly epoch = 1_764_400_000) {}

    now = () => this.epoch + this.passed;
    elapsed = () => this.passed;
    pause = async (seconds: number) => {
        this.pauses.push(seconds);
        this.passed += seconds;
    };
    pass(seconds: number): void {
        this.passed += seconds;
    }
}
