import * as fs from "fs";
import * as path from "path";
import { cached } from "../../system/cache";
import { projectDir } from "../../system/paths";
import type { Progress } from "../../system/progress";
import { buildGoldenRoot } from "../golden/golden-root";
import { scriptInRoot } from "../golden/in-root";

/** Raised when the steps below change the result. */
const RECIPE = 1;

/** The dashboard's style sheets, scripts and pictures, collected and compressed as a package has them. */
export async function buildDashboardStatic(progress: Progress): Promise<string> {
    const goldenRoot = await buildGoldenRoot(progress);
    const settings = path.join(projectDir(), "lab/archive/data/files/local_settings.py");
    const inputs = {
        recipe: RECIPE,
        golden: path.basename(path.dirname(goldenRoot)),
        settings: fs.readFileSync(settings, "utf8"),
    };
    const entry = await cached({ kind: "dashboard-static", name: "horizon", inputs }, dir =>
        progress.step("Static files of the dashboard", async () => {
            const root = path.join(dir, "root");
            await scriptInRoot(
                root,
                `
            mkdir -p /var/lib/horizon /usr/share/openstack-dashboard/static
            local=/opt/openstack/pike/lib/python2.7/site-packages/openstack_dashboard/local
            cp /files/local_settings.py "$local/local_settings.py"
            export DJANGO_SETTINGS_MODULE=openstack_dashboard.settings
            /opt/openstack/pike/bin/django-admin collectstatic --noinput --verbosity 0
            /opt/openstack/pike/bin/django-admin compress --force --verbosity 0
        `,
                { lower: [goldenRoot], binds: { "/files": path.dirname(settings) }, timeoutSeconds: 600 },
            );
            fs.renameSync(path.join(`${root}.upper`, "usr/share/openstack-dashboard/static"), path.join(dir, "static"));
            for (const used of [root, `${root}.upper`, `${root}.work`])
                fs.rmSync(used, { recursive: true, force: true });
        }),
    );
    return path.join(entry, "static");
}
