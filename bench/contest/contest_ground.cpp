#include "bench/contest/contest_ground.hpp"

#include <cctype>
#include <utility>

#include "persistence/postgres/connection.hpp"

namespace cued::bench {
namespace {

using persistence::connection;
using persistence::named_query;
using persistence::session;

constexpr named_query find_database{"find_database", "SELECT 1 FROM pg_database WHERE datname = $1"};
constexpr named_query read_durability{"read_durability",
                                      "SELECT current_setting('fsync'), current_setting('synchronous_commit'), "
                                      "current_setting('full_page_writes')"};

result<void> do_outside_transactions(const std::string& dsn, const std::string& sql) {
  connection link{{dsn, "cued-bench", 0}};
  return link.run([&](session& s) -> result<void> {
    s.exec_text(sql);
    return {};
  });
}

/// libpq's words: `name=value` or `name='value'` with backslashes. The last of repeated ones counts.
std::map<std::string, std::string> words_of(const std::string& dsn) {
  std::map<std::string, std::string> out;
  for (std::size_t at = 0; at < dsn.size();) {
    const auto equals = dsn.find('=', at);
    if (equals == std::string::npos)
      break;
    const auto name = dsn.substr(at, equals - at);
    at = equals + 1;
    const bool quoted = at < dsn.size() && dsn[at] == '\'';
    at += quoted ? 1 : 0;
    std::string value;
    for (; at < dsn.size() && dsn[at] != (quoted ? '\'' : ' '); ++at) {
      if (dsn[at] == '\\' && at + 1 < dsn.size())
        ++at;
      value += dsn[at];
    }
    at = dsn.find_first_not_of(quoted ? "' " : " ", at);
    out[name] = value;
  }
  return out;
}

/// RFC 3986 §2: everything but unreserved characters.
std::string percent_encoded(const std::string& text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view{"-._~"}.find(c) != std::string_view::npos)
      out += c;
    else
      (out += '%').append({digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]});
  return out;
}

} // namespace

std::string database_url_of(const std::string& dsn) {
  const auto words = words_of(dsn);
  const auto word = [&](const char* name) {
    const auto found = words.find(name);
    return found == words.end() ? std::string{} : percent_encoded(found->second);
  };
  auto out = "postgresql://" + word("user") + "@/" + word("dbname");
  char separator = '?';
  for (const char* name : {"host", "port"})
    if (words.contains(name))
      out += std::exchange(separator, '&') + std::string{name} + "=" + word(name);
  return out;
}

std::string with_database(const std::string& dsn, const std::string& name) { return dsn + " dbname='" + name + "'"; }

result<void> check_durability(const std::string& dsn) {
  connection link{{dsn, "cued-bench"}};
  return link.run([](session& s) -> result<void> {
    const auto row = s.exec(read_durability)[0];
    for (const auto& field : row)
      if (std::string{field.c_str()} != "on")
        return fail(500, "not_durable",
                    "this Postgres does not keep what it commits (fsync, synchronous_commit, full_page_writes: " +
                        std::string{row[0].c_str()} + ", " + row[1].c_str() + ", " + row[2].c_str() + ")");
    return {};
  });
}

result<void> checkpoint(const std::string& dsn) { return do_outside_transactions(dsn, "CHECKPOINT"); }

result<std::unique_ptr<contest_ground>> contest_ground::open(ground_wish wish) {
  auto subject = server::start({wish.program, wish.data_dir, {}});
  if (!subject)
    return fail(subject.error());
  if (const auto durable = check_durability((*subject)->dsn()); !durable)
    return fail(durable.error());
  return std::unique_ptr<contest_ground>{new contest_ground{std::move(wish), std::move(*subject)}};
}

result<std::string> contest_ground::database(const std::string& name) const {
  connection link{{subject_->dsn(), "cued-bench"}};
  const auto there = link.run([&](session& s) -> result<bool> { return !s.exec(find_database, name).empty(); });
  if (!there)
    return fail(there.error());
  if (!*there)
    if (const auto made = do_outside_transactions(subject_->dsn(), "CREATE DATABASE \"" + name + "\""); !made)
      return fail(made.error());
  return with_database(subject_->dsn(), name);
}

result<std::unique_ptr<server>> contest_ground::start_variant(const std::string& name,
                                                              std::map<std::string, std::string> settings) const {
  auto dsn = database(name);
  if (!dsn)
    return fail(dsn.error());
  settings.emplace("DATABASE_URL", database_url_of(*dsn));
  return server::start({wish_.program, wish_.data_dir / name, std::move(settings)});
}

} // namespace cued::bench
