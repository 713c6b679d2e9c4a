import { quote } from "../../../clients/ssh";
import { softwareNames } from "../../../config/credentials";

/** Files and folders that are listed below one folder: more than a node's own configuration has. */
const MOST_BELOW = 8000;
/** Of a whole node: its answer stays within what is listened to, whatever people put there. */
const MOST_OF_NODE = 16_000;
/** A long path counts as several, for the answer has to hold its bytes. */
const CHARACTERS = 64;

/** Services whose folders of state and logs are looked at: who owns them and who may enter. */
export const SERVICES = [...softwareNames, "mysql", "rabbitmq", "apache2"].join(" ");
/** What their programs' names look like. */
export const PROGRAMS = [...[...softwareNames, "rabbitmq", "mysqld"].map(name => `${name}*`), "mariadbd"]
    .map(name => `-name '${name}'`)
    .join(" -o ");

/**
 * Perl that leaves out of find's list what is too much, and marks the folder that it was in: `D` in place of `d`.
 * A folder's own files go where they alone are too many; else the largest of its folders are folded up first.
 */
const bounded = `use strict;
my ($most, $all, $unit) = @ARGV;
$/ = "\\0";
my @open = ({ path => "", plain => [], folders => [], own => 0, inner => 0 });
sub shut {
    my ($f, $bound) = @_;
    if ($f->{own} > $bound) { $f->{many} = 1; $f->{plain} = []; $f->{own} = $f->{inner}; }
    if ($f->{own} > $bound) { $f->{folders} = []; $f->{own} = 0; }
    my $sum = $f->{own};
    $sum += $_->{sum} for @{$f->{folders}};
    for my $g (sort { $b->{sum} <=> $a->{sum} } @{$f->{folders}}) {
        last if $sum <= $bound;
        $sum -= $g->{sum};
        @$g{qw(many sum within)} = (1, 0, []);
    }
    $f->{sum} = $sum;
    $f->{within} = [@{$f->{plain}}, map { ([@$_{qw(about path target many)}], @{$_->{within}}) } @{$f->{folders}}];
    @$f{qw(plain folders)} = ();
}
sub leave {
    my $f = pop @open;
    shut($f, $most);
    push @{$open[-1]{folders}}, $f if $open[-1]{inner} <= $all;
}
while (defined(my $about = <STDIN>)) {
    my ($path, $target) = (scalar <STDIN>, scalar <STDIN>);
    # What is no list is passed on: whoever asked for it refuses it.
    if (!defined $target) { print $about, $path // ""; last; }
    chomp($about, $path, $target);
    leave() while @open > 1 && index($path, "$open[-1]{path}/") != 0;
    my ($f, $size) = ($open[-1], 1 + int((length($path) + length($target)) / $unit));
    $f->{own} += $size;
    if ($about =~ /^d/) {
        $f->{inner} += $size;
        push @open, { about => $about, path => $path, target => $target, plain => [], folders => [], own => 0, inner => 0 };
    } elsif ($f->{own} <= $all) { push @{$f->{plain}}, [$about, $path, $target]; }
}
leave() while @open > 1;
shut($open[0], $all);
for (@{$open[0]{within}}) {
    my ($about, $path, $target, $many) = @$_;
    $about =~ s/^d/D/ if $many;
    print "$about\\0$path\\0$target\\0";
}`;

/** Perl that prints of such a list the paths of those whose line is of a kind: files of up to 1 MiB, or all that can have an immutable bit. */
const paths = `use strict;
$/ = "\\0";
while (defined(my $about = <STDIN>)) {
    my ($path, $target) = (scalar <STDIN>, scalar <STDIN>);
    print $path // "" if $ARGV[0] eq "fixed" ? $about =~ /^[fdD]/ : $about =~ /^f .* (\\d+)\\0$/ && $1 <= 1 << 20;
}`;

/** Shell with options of 2012: the files of a node, with digests and immutable bits of those that are listed. */
export const listingShell = `roots= state=
for d in /etc /usr/local /root /lib/systemd/system /run/systemd/system /run/systemd/system.control /var/spool/cron; do [ ! -d $d ] || roots="$roots $d"; done
for s in ${SERVICES}; do for d in /var/lib/$s /var/log/$s; do [ ! -d $d ] || state="$state $d"; done; done
about='%y %m %u %g %s\\0%p\\0%l\\0'
everything() {
find $roots -xdev -printf "$about"
find /usr/bin /usr/sbin -maxdepth 1 ! -type d \\( ${PROGRAMS} \\) -printf "$about"
[ -z "$state" ] || find $state -maxdepth 1 -type d -printf "$about"
}
# One walk: below a folder there may be hundreds of thousands. What is left is small enough for a variable.
list=$(everything 2> /dev/null | perl -e ${quote(bounded)} ${MOST_BELOW} ${MOST_OF_NODE} ${CHARACTERS} | gzip -1 | base64 -w 0)
listed() { printf %s "$list" | base64 -d; }
paths() { listed | gzip -d | perl -e ${quote(paths)} "$1"; }
listed | pour files
paths contents | xargs -0 -r sha256sum -b 2> /dev/null | gzip -1 | pour digests
paths fixed | xargs -0 -r lsattr -ad 2> /dev/null | { grep '^[^ ]*[ai][^ ]* /' || true; } | gzip -1 | pour immutable`;
