#include "bench/subject/server.hpp"

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>

#include <poll.h>

#include "bench/load/http_load.hpp"
#include "bench/load/single_request.hpp"

namespace cued::bench {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto start_patience = 120s; ///< the first start makes a cluster, on a machine that may be busy
constexpr auto stop_patience = 60s;
constexpr int look_every_ms = 1;
constexpr std::size_t log_tail_bytes = 2000;
constexpr std::string_view greeting = "is ready at http://";

/// What a server under test needs of its surroundings, and what would be in the way of a load from one address.
std::map<std::string, std::string> environment_for(const server_wish& wish) {
  std::map<std::string, std::string> out{
      {"LOG_LEVEL", "warn"},
      {"WEBHOOK_ALLOW_LOOPBACK", "true"}, // receivers are on this machine
      {"CONNECTIONS_MAX", "100000"},
      {"CONNECTIONS_PER_ADDRESS_MAX", "100000"},
  };
  for (const auto* name : {"PATH", "HOME", "LANG"})
    if (const auto* value = std::getenv(name))
      out[name] = value;
  for (const auto& [name, value] : wish.environment)
    out[name] = value;
  return out;
}

std::string text_of(const fs::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The port that the server says it listens on, once it says so.
std::optional<std::uint16_t> greeted_port(const std::string& log) {
  const auto at = log.find(greeting);
  const auto end = at == std::string::npos ? at : log.find('\n', at);
  if (end == std::string::npos)
    return std::nullopt;
  const auto colon = log.rfind(':', end);
  std::uint16_t port = 0;
  const auto [stop, wrong] = std::from_chars(log.data() + colon + 1, log.data() + end, port);
  return wrong == std::errc{} && stop == log.data() + end ? std::optional{port} : std::nullopt;
}

tl::unexpected<error> not_started(const std::string& why, const std::string& log) {
  const auto tail = log.size() > log_tail_bytes ? log.substr(log.size() - log_tail_bytes) : log;
  return fail(503, "server_not_started", "the server under test " + why + (tail.empty() ? "" : ":\n" + tail));
}

/// The first line of postmaster.pid is the postmaster's number.
pid_t postmaster_below(const fs::path& data_dir) {
  std::error_code unreadable;
  for (auto at = fs::recursive_directory_iterator{data_dir, fs::directory_options::skip_permission_denied, unreadable};
       at != fs::recursive_directory_iterator{}; at.increment(unreadable)) {
    if (at.depth() >= 2)
      at.disable_recursion_pending();
    if (at->path().filename() != "postmaster.pid")
      continue;
    pid_t pid = -1;
    return std::ifstream{at->path()} >> pid ? pid : -1;
  }
  return -1;
}

} // namespace

result<std::unique_ptr<server>> server::start(const server_wish& wish) {
  std::error_code failed;
  fs::create_directories(wish.data_dir, failed);
  const auto program = fs::absolute(wish.program, failed);
  const auto log_file = wish.data_dir.parent_path() / (wish.data_dir.filename().string() + ".log");
  fs::remove(log_file, failed);
  persistence::process_description description;
  description.arguments = {program.string(), "serve", "--host",     "127.0.0.1",
                           "--port",         "0",     "--data-dir", fs::absolute(wish.data_dir).string()};
  for (const auto& [name, value] : environment_for(wish))
    description.environment.push_back(name + "=" + value);
  description.output = fs::absolute(log_file);
  description.death_signal = SIGTERM;

  const auto began = std::chrono::steady_clock::now();
  auto process = persistence::child_process::start(description);
  if (!process)
    return fail(process.error());
  std::unique_ptr<server> out{new server};
  out->host_ = "127.0.0.1";
  out->pid_ = process->pid();
  out->process_ = std::move(*process);
  while (true) {
    if (out->process_->wait_for_end(std::chrono::milliseconds{look_every_ms}))
      return not_started("ended (" + out->process_->how_it_ended() + ")", text_of(log_file));
    if (std::chrono::steady_clock::now() - began > start_patience)
      return not_started("did not answer in time", text_of(log_file));
    if (out->port_ == 0)
      out->port_ = greeted_port(text_of(log_file)).value_or(0);
    if (out->port_ == 0)
      continue;
    const auto answer = request_once(out->host_, out->port_, get_request("/health", ""), 5s);
    if (answer && answer->status == 200)
      break;
  }
  out->cold_start_ = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  out->postgres_pid_ = postmaster_below(wish.data_dir);
  if (const auto other = wish.environment.find("DATABASE_URL"); other != wish.environment.end())
    out->dsn_ = other->second;
  else if (std::ifstream note{wish.data_dir / "database.dsn"}; !std::getline(note, out->dsn_))
    return not_started("did not say where its database is", {});
  return out;
}

result<std::unique_ptr<server>> server::at(const std::string& url, const std::string& dsn) {
  constexpr std::string_view scheme = "http://";
  constexpr std::uint16_t usual_port = 80;
  std::string_view rest = url;
  if (!rest.starts_with(scheme))
    return fail(400, "invalid_url", url + ": a load speaks plain http:// only");
  rest.remove_prefix(scheme.size());
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    if (slash + 1 != rest.size())
      return fail(400, "invalid_url", url + ": routes are those of the API, so there must be no path");
    rest.remove_suffix(1);
  }
  std::unique_ptr<server> out{new server};
  out->dsn_ = dsn;
  out->port_ = usual_port;
  if (const auto colon = rest.rfind(':'); colon != std::string_view::npos && rest.find(']', colon) == rest.npos) {
    const auto digits = rest.substr(colon + 1);
    const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), out->port_);
    if (digits.empty() || wrong != std::errc{} || end != digits.data() + digits.size())
      return fail(400, "invalid_url", url + ": no port");
    rest = rest.substr(0, colon);
  }
  if (rest.size() > 1 && rest.front() == '[' && rest.back() == ']')
    rest = rest.substr(1, rest.size() - 2);
  out->host_ = rest;
  const auto answer = request_once(out->host_, out->port_, get_request("/health", ""));
  if (!answer)
    return fail(answer.error());
  return out;
}

server::~server() {
  if (!process_ || process_->ended())
    return;
  const auto ends_by = [](persistence::child_process& process, int signal) {
    process.signal(signal);
    return process.wait_for_end(stop_patience);
  };
  if (ends_by(*process_, SIGTERM) || !ends_by(*process_, SIGKILL))
    return;
  // Killed, it leaves its Postgres behind.
  if (auto postgres = persistence::child_process::attach(postgres_pid_))
    ends_by(*postgres, SIGINT);
}

} // namespace cued::bench
