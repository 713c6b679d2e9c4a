/** The engine's own words about its failure, without the Automation API's frame. Other errors stay as they are. */
export function engineWords(e: Error): string {
    const killed = /Command was killed with (SIG[A-Z]+)/.exec(e.message)?.[1];
    if (killed)
        return `the engine was ended from outside (${killed}); what it had recorded is kept, run it again to go on`;
    return (/(?:^|[\n ])error: ([\s\S]*?)(?:\n\s*\n|\n stdout|\n err\?|$)/.exec(e.message)?.[1] ?? e.message).trim();
}
