#include "bench/command/options.hpp"

#include <CLI/CLI.hpp>

namespace cued::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t connections_at_most = 50'000, tenants_at_most = 100'000, rows_at_most = 100'000;
constexpr std::uint32_t seconds_at_most = 24 * 3600;
constexpr std::size_t repeats_at_most = 1000;

/// Built beside each other, installed beside each other.
fs::path neighbour_cued() {
  std::error_code unreadable;
  return fs::read_symlink("/proc/self/exe", unreadable).parent_path() / "cued";
}

void add_length(CLI::App& to, options& out) {
  to.add_option("--seconds", out.seconds, "length of the counted part of each run or round")
      ->check(CLI::Range(1u, seconds_at_most));
}

void add_shape(CLI::App& to, options& out) {
  to.add_option("--connections", out.connections, "keep-alive connections of the load")
      ->check(CLI::Range(std::size_t{1}, connections_at_most));
  to.add_option("--tenants", out.tenants, "accounts that share the work")
      ->check(CLI::Range(std::size_t{1}, tenants_at_most));
  to.add_option("--cues", out.cues, "of each account, whose executions are worked off")
      ->check(CLI::Range(std::size_t{1}, rows_at_most));
  to.add_option("--warm-up", out.warm_up_seconds, "seconds before the counted part")
      ->check(CLI::Range(0u, seconds_at_most));
  to.add_option("--rate", out.rate, "requests or cues per second, planned ahead; 0: as fast as answers come")
      ->check(CLI::NonNegativeNumber);
  to.add_option("--batch", out.batch, "rows of one request, or cues of a storm or backlog")
      ->check(CLI::Range(std::size_t{1}, rows_at_most));
  to.add_flag("--held-snapshot", out.hold_snapshot, "hold a snapshot open during the whole measured part");
}

void add_program(CLI::App& to, options& out) {
  to.add_option("--cued", out.cued, "the program to start; else the one beside this");
  to.add_option("--data-dir", out.data_dir, "its data directory, kept; else a temporary one");
  to.add_flag("--keep", out.keep, "keep the temporary directory");
}

void add_run(CLI::App& run, options& out, std::vector<std::string>& settings) {
  run.add_option("scenario", out.names, "which; none: all");
  run.add_option("--repeat", out.repeat, "runs of each, taking turns")
      ->check(CLI::Range(std::size_t{1}, repeats_at_most));
  add_length(run, out);
  add_shape(run, out);
  add_program(run, out);
  run.add_option("--env", settings, "NAME=VALUE, a setting of the server; may be repeated");
  auto* const url =
      run.add_option("--url", out.url, "http://host:port of a server that is there, instead of a new one");
  for (const auto* const of_a_new_one : {"--cued", "--data-dir", "--keep", "--env"})
    url->excludes(run.get_option(of_a_new_one));
  run.add_option("--dsn", out.dsn, "its database, as libpq knows it; it is emptied, and must hold nothing else")
      ->needs(url);
}

void add_compare(CLI::App& compare, options& out) {
  compare.add_option("contest", out.names, "which; none: all");
  add_length(compare, out);
  add_program(compare, out);
  auto* const url =
      compare.add_option("--url", out.url, "another server that speaks the API, for the contest `servers`");
  compare.add_option("--key", out.key, "key of an account there whose limits are not in the way")->needs(url);
}

void add_growth(CLI::App& growth, options& out) {
  growth.add_option("axis", out.names, "cues, history, tenants or nodes; none: all");
  growth.add_option("--up-to", out.up_to, "the largest size; with one axis")->check(CLI::PositiveNumber);
  add_length(growth, out);
  add_program(growth, out);
}

void add_report(CLI::App& to, options& out) {
  to.add_option("--json", out.json, "write everything that was measured to this file");
  to.add_option("--html", out.html, "write a page with plots to this file");
}

} // namespace

load_shape shape_of(const scenario& which, const options& typed) {
  auto shape = which.usual_shape();
  shape.connections = typed.connections.value_or(shape.connections);
  shape.tenants = typed.tenants.value_or(shape.tenants);
  shape.cues = typed.cues.value_or(shape.cues);
  shape.batch = typed.batch.value_or(shape.batch);
  shape.rate = typed.rate.value_or(shape.rate);
  shape.hold_snapshot = shape.hold_snapshot || typed.hold_snapshot;
  if (typed.seconds)
    shape.duration = std::chrono::seconds{*typed.seconds};
  if (typed.warm_up_seconds)
    shape.warm_up = std::chrono::seconds{*typed.warm_up_seconds};
  return shape;
}

std::optional<options> read_options(int argc, const char* const* argv, int& exit_code) {
  options out;
  std::vector<std::string> settings;
  CLI::App app{"Load benchmarks of cued: what it does in a second, how late, at what cost", "cued-bench"};
  app.require_subcommand(1);
  app.add_subcommand("list", "the scenarios and contests there are");
  auto* const run = app.add_subcommand("run", "run scenarios");
  auto* const compare = app.add_subcommand("compare", "hold contests against others who do the same work");
  auto* const growth = app.add_subcommand("growth", "how figures go with the size of history");
  auto* const bars = app.add_subcommand("bars", "run everything that the promises about speed are about");
  add_run(*run, out, settings);
  add_compare(*compare, out);
  add_growth(*growth, out);
  add_length(*bars, out);
  add_program(*bars, out);
  for (auto* const one : {compare, bars})
    one->add_option("--rounds", out.rounds, "how often each takes its turn")
        ->check(CLI::Range(std::size_t{1}, repeats_at_most));
  for (auto* const one : {run, compare, growth, bars})
    add_report(*one, out);
  try {
    app.parse(argc, argv);
    for (const auto& setting : settings) {
      const auto equals = setting.find('=');
      if (equals == 0 || equals == std::string::npos)
        throw CLI::ValidationError("--env", setting + " is not NAME=VALUE");
      out.environment[setting.substr(0, equals)] = setting.substr(equals + 1);
    }
  } catch (const CLI::ParseError& e) {
    exit_code = app.exit(e);
    return std::nullopt;
  }
  if (out.cued.empty())
    out.cued = neighbour_cued();
  out.what = run->parsed()       ? command::run
             : compare->parsed() ? command::compare
             : growth->parsed()  ? command::growth
             : bars->parsed()    ? command::bars
                                 : command::list;
  return out;
}

} // namespace cued::bench
