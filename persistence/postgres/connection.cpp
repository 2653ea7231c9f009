#include "persistence/postgres/connection.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <ctime>
#include <iterator>
#include <limits>
#include <new>
#include <utility>

#include <spdlog/spdlog.h>

namespace cued::persistence {
namespace {

/// A server that has vanished without a word must not hold a thread for ever: how long to wait for a connection, and
/// for the acknowledgement of what was sent. libpq takes the last of repeated parameters, so what the operator wrote in
/// a key=value string comes after ours; a URI that has its own wins by being left alone.
constexpr const char* connect_timeout_seconds = "5";
constexpr const char* unacknowledged_ms = "10000";
constexpr const char* probed_after_seconds = "10"; ///< of silence, and then as often as the next two say
constexpr const char* probed_every_seconds = "5";
constexpr const char* probes = "3";

/// The same the other way round: what this client holds in the server, should it vanish or stand still. Without them
/// the rows that it had locked stay locked for two hours, the system's limit, and as long its connections count.
std::string limits_of_a_vanished_client(int idle_transaction_seconds) {
  return std::string{"SET tcp_user_timeout = "} + unacknowledged_ms +
         "; SET tcp_keepalives_idle = " + probed_after_seconds +
         "; SET tcp_keepalives_interval = " + probed_every_seconds + "; SET tcp_keepalives_count = " + probes +
         "; SET idle_in_transaction_session_timeout = " + std::to_string(idle_transaction_seconds * 1000);
}

std::int64_t now_in_seconds() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// When something last happened, for all connections of the process.
using moment = std::atomic<std::int64_t>;
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::min() / 2;
constexpr std::int64_t told_for_seconds = 10;

moment& last_shortage() { // Postgres had too little of something
  static moment at{never};
  return at;
}

moment& last_refusal() { // what we rely on was not there
  static moment at{never};
  return at;
}

bool was_lately(const moment& at) { return now_in_seconds() - at <= told_for_seconds; }

/// No such table, column, function, object, schema; a standby that takes no writes. Statements have
/// none of that from requests, so it says nothing of the work that was asked for.
bool is_missing_what_we_rely_on(std::string_view state) {
  constexpr std::string_view states[] = {"42P01", "42703", "42883", "42704", "3F000", "25006"};
  return std::ranges::find(states, state) != std::end(states);
}

/// A statement that was prepared before its tables changed, or that the connection has lost: it has to be prepared
/// anew.
bool is_prepared_in_vain(std::string_view state, std::string_view what) {
  return state == "26000" || (state == "0A000" && what.find("cached plan") != std::string_view::npos);
}

} // namespace

std::string with_time_limits(const std::string& dsn) {
  const std::pair<std::string, std::string> limits[] = {
      {"connect_timeout", connect_timeout_seconds},
      {"tcp_user_timeout", unacknowledged_ms},
      {"keepalives_idle", probed_after_seconds},
      {"keepalives_interval", probed_every_seconds},
      {"keepalives_count", probes},
  };
  auto out = dsn;
  if (!dsn.starts_with("postgres://") && !dsn.starts_with("postgresql://"))
    for (const auto& [name, value] : limits)
      out = name + "=" + value + " " + out;
  else
    for (const auto& [name, value] : limits)
      if (out.find(name + "=") == std::string::npos)
        out += (out.find('?') == std::string::npos ? "?" : "&") + name + "=" + value;
  return out;
}

void session::prepare(const named_query& query) {
  if (prepared_.contains(query.name))
    return;
  link_.prepare(query.name, query.sql);
  prepared_.insert(query.name);
}

bool postgres_is_short_of_resources() { return was_lately(last_shortage()); }

bool postgres_refuses_our_statements() { return was_lately(last_refusal()); }

connection::connection(connection_options options) : options_{std::move(options)} {}

connection::~connection() = default;

pqxx::connection& connection::link() {
  if (link_ && link_->is_open())
    return *link_;
  prepared_.clear();
  link_ = std::make_unique<pqxx::connection>(with_time_limits(options_.dsn));
  pqxx::nontransaction setup{*link_};
  setup.exec("SET TimeZone = 'UTC'; SET jit = off; SET plan_cache_mode = force_generic_plan; "
             "SET client_encoding = 'UTF8'; SET client_min_messages = warning; SET statement_timeout = " +
             std::to_string(options_.statement_timeout_seconds * 1000) + "; " +
             limits_of_a_vanished_client(options_.idle_transaction_seconds) +
             "; SET application_name = " + setup.quote(options_.application_name) +
             (options_.by_keys_only
                  ? "; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"
                  : ""));
  return *link_;
}

connection::explanation connection::explain_current_exception() {
  try {
    throw;
  } catch (const pqxx::broken_connection& e) {
    link_.reset();
    spdlog::warn("database connection lost: {}", e.what());
    return {unavailable("The database is not reachable")};
  } catch (const pqxx::in_doubt_error& e) {
    link_.reset();
    spdlog::warn("commit in doubt: {}", e.what());
    return {unavailable("The database connection was lost while committing")};
  } catch (const pqxx::statement_completion_unknown& e) {
    spdlog::warn("statement in doubt: {}", e.what());
    return {unavailable("The database cannot tell whether the work was done")};
  } catch (const pqxx::transaction_rollback& e) { // deadlocks and serialization failures, which pqxx keeps apart
    spdlog::warn("database rolled work back: {}", e.what());
    return {unavailable("The database cannot take work right now"), true};
  } catch (const pqxx::sql_error& e) {
    const std::string state = e.sqlstate();
    // 40: rollback to be repeated; 53: out of resources (disk full, too many connections); 57P: shutdown; 08: link;
    // 57014: took too long; 25P03: stood still within a transaction
    if (state.starts_with("40") || state.starts_with("53") || state.starts_with("57P") || state.starts_with("08") ||
        state == "57014" || state == "25P03") {
      if (state.starts_with("57P") || state.starts_with("08") || state == "25P03")
        link_.reset();
      if (state.starts_with("53"))
        last_shortage() = now_in_seconds();
      spdlog::warn("database refused work ({}): {}", state, e.what());
      return {unavailable("The database cannot take work right now"), state.starts_with("40")};
    }
    if (is_prepared_in_vain(state, e.what())) {
      link_.reset();
      spdlog::warn("database connection is made anew ({}): {}", state, e.what());
      return {unavailable("The database cannot take work right now"), true};
    }
    const bool no_right = dynamic_cast<const pqxx::insufficient_privilege*>(&e) != nullptr; // has no state in libpqxx 6
    if (no_right || is_missing_what_we_rely_on(state)) {
      last_refusal() = now_in_seconds();
      if (state == "25006") // the next connection may lead to the primary
        link_.reset();
      spdlog::error("database refused a statement ({}): {} in: {}", state, e.what(), e.query().substr(0, 200));
      return {unavailable("The database is not as it should be")};
    }
    // What has no state was not said by the server but by the library, which may have had no memory: see below.
    if (link_ && (!link_->is_open() || state.empty()))
      link_.reset();
    spdlog::error("statement failed ({}): {} in: {}", state, e.what(), e.query().substr(0, 200));
    return {};
  } catch (const std::bad_alloc&) {
    link_.reset(); // the rollback may have failed for the same reason, and the next unit of work must not end up in it
    spdlog::error("unit of work failed: out of memory");
    return {};
  } catch (const std::exception& e) {
    if (link_ && !link_->is_open()) {
      link_.reset();
      spdlog::warn("database connection lost: {}", e.what());
      return {unavailable("The database is not reachable")};
    }
    spdlog::error("unit of work failed: {}", e.what());
    return {};
  }
}

instant read_instant(std::string_view text) {
  using namespace std::chrono;
  auto number = [&](std::size_t from, std::size_t count) {
    int value = 0;
    std::from_chars(text.data() + from, text.data() + from + count, value);
    return value;
  };
  // A year of more than four digits pushes the rest to the right.
  const auto shift = text.find('-', 1);
  if (shift == std::string_view::npos || text.size() < shift + 15)
    throw std::runtime_error("not a timestamptz: " + std::string{text});
  const auto days = sys_days{year{number(0, shift)} / number(shift + 1, 2) / number(shift + 4, 2)};
  auto t =
      instant{days} + hours{number(shift + 7, 2)} + minutes{number(shift + 10, 2)} + seconds{number(shift + 13, 2)};
  if (text.size() > shift + 15 && text[shift + 15] == '.') {
    int micros = 0, digits = 0;
    for (auto i = shift + 16; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i, ++digits)
      micros = micros * 10 + (text[i] - '0');
    for (; digits < 6; ++digits)
      micros *= 10;
    t += microseconds{micros};
  }
  return t;
}

std::string write_instant(instant t) {
  using namespace std::chrono;
  const auto day = floor<days>(t);
  const year_month_day date{day};
  const hh_mm_ss time{t - day};
  char out[48];
  std::snprintf(out, sizeof out, "%04d-%02u-%02u %02d:%02d:%02d.%06d+00", int(date.year()), unsigned(date.month()),
                unsigned(date.day()), int(time.hours().count()), int(time.minutes().count()),
                int(time.seconds().count()), int(time.subseconds().count()));
  return out;
}

void array_builder::comma() {
  if (text_.size() > 1)
    text_ += ',';
}

array_builder& array_builder::add(std::string_view value) {
  comma();
  text_ += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\')
      text_ += '\\';
    text_ += c;
  }
  text_ += '"';
  return *this;
}

array_builder& array_builder::add_or_null(const std::optional<std::string>& value) {
  return value ? add(std::string_view{*value}) : add_null();
}

array_builder& array_builder::add_null() {
  comma();
  text_ += "NULL";
  return *this;
}

std::string array_builder::str() && {
  text_ += '}';
  return std::move(text_);
}

} // namespace cued::persistence
