#include "persistence/postgres/listening_link.hpp"

#include <libpq-fe.h>

namespace cued::persistence {
namespace {

constexpr const char* statement_timeout_ms = "10000";

/// The last four: a node that vanishes must not count among the listeners for long, see connection.cpp.
constexpr named_query introduce_listener{"introduce_listener", R"sql(
  SELECT set_config('application_name', $1, false), set_config('statement_timeout', $2, false),
         set_config('tcp_user_timeout', '10000', false), set_config('tcp_keepalives_idle', '10', false),
         set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false)
)sql"};

struct freed_by_libpq {
  void operator()(PGresult* r) const { PQclear(r); }
  void operator()(PGnotify* n) const { PQfreemem(n); }
};

/// The first line says it; the others guess why.
error broken(pg_conn* link) {
  const std::string why = PQerrorMessage(link);
  return unavailable(why.empty() ? "connection lost" : why.substr(0, why.find('\n')));
}

} // namespace

void listening_link::closing::operator()(pg_conn* c) const { PQfinish(c); }

result<listening_link> listening_link::open(const connection_options& options) {
  listening_link out{PQconnectdb(with_time_limits(options.dsn).c_str())};
  if (!out.link_ || PQstatus(out.link_.get()) != CONNECTION_OK)
    return fail(broken(out.link_.get()));
  if (auto known = out.ask(introduce_listener, {options.application_name + " listener", statement_timeout_ms}); !known)
    return fail(std::move(known.error()));
  return out;
}

result<std::vector<std::string>> listening_link::ask(const named_query& what,
                                                     std::initializer_list<std::string> arguments) {
  std::vector<const char*> values;
  for (const auto& argument : arguments)
    values.push_back(argument.c_str());
  const std::unique_ptr<PGresult, freed_by_libpq> answer{PQexecParams(
      link_.get(), what.sql, static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr, 0)};
  const auto status = PQresultStatus(answer.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
    return fail(broken(link_.get()));
  std::vector<std::string> out;
  for (int row = 0; row < PQntuples(answer.get()); ++row)
    out.emplace_back(PQgetvalue(answer.get(), row, 0));
  return out;
}

result<std::vector<listening_link::notice>> listening_link::hear() {
  if (PQconsumeInput(link_.get()) != 1)
    return fail(broken(link_.get()));
  std::vector<notice> out;
  while (const std::unique_ptr<PGnotify, freed_by_libpq> next{PQnotifies(link_.get())})
    out.push_back({next->relname, next->extra});
  return out;
}

int listening_link::descriptor() const { return PQsocket(link_.get()); }

std::string listening_link::backend() const { return std::to_string(PQbackendPID(link_.get())); }

} // namespace cued::persistence
