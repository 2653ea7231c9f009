#include "config/command_line.hpp"

#include <vector>

#include <CLI/CLI.hpp>

#include "config/settings.hpp"

namespace cued::config {
namespace {

void add_setting(CLI::App& app, const std::string& flag, const std::string& name, const std::string& meaning,
                 command_line& out) {
  app.add_option_function<std::string>(
      flag, [&out, name](const std::string& value) { out.flags[name] = value; }, meaning);
}

} // namespace

std::optional<command_line> read_command_line(int argc, char** argv, const std::string& version, int& exit_code) {
  command_line out;
  CLI::App app{"cued: a scheduler that knows whether the work was really done", "cued"};
  app.set_version_flag("--version", "cued " + version);
  app.fallthrough();
  add_setting(app, "--host", "HOST", "address to listen on", out);
  add_setting(app, "--port", "PORT", "port to listen on", out);
  add_setting(app, "--data-dir", "DATA_DIR", "where cued keeps its database and secrets", out);
  add_setting(app, "--database-url", "DATABASE_URL", "use this Postgres instead of a private one", out);
  app.add_option_function<std::vector<std::string>>(
         "--set",
         [&out](const std::vector<std::string>& assignments) {
           for (const auto& text : assignments) {
             const auto assignment = split_assignment(text);
             if (!assignment)
               throw CLI::ValidationError("--set", "expected NAME=value, got " + text);
             out.flags.insert(*assignment);
           }
         },
         "any setting, as NAME=value; repeatable")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);

  app.add_subcommand("serve", "runs the server (the default)");
  app.add_subcommand("migrate", "brings the database to the schema of this version and ends")->callback([&out] {
    out.what = command::migrate;
  });
  app.add_subcommand("config", "prints every setting, its value and where that came from")->callback([&out] {
    out.what = command::show_config;
  });
  app.add_subcommand("doctor", "looks at what cued depends on and says what is wrong")->callback([&out] {
    out.what = command::doctor;
  });
  app.require_subcommand(0, 1);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    exit_code = app.exit(e);
    return std::nullopt;
  }
  return out;
}

} // namespace cued::config
