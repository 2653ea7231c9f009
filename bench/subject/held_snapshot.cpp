#include "bench/subject/held_snapshot.hpp"

#include <pqxx/pqxx>

namespace cued::bench {
namespace {

class open_transaction final : public held_snapshot {
public:
  explicit open_transaction(const std::string& dsn) : link_{dsn}, work_{prepared_link()} {
    work_.exec("SELECT count(*) FROM users"); // the snapshot is taken by the first statement
  }

private:
  pqxx::connection& prepared_link() {
    pqxx::nontransaction{link_}.exec("SET idle_in_transaction_session_timeout = 0");
    return link_;
  }

  pqxx::connection link_;
  pqxx::transaction<pqxx::repeatable_read> work_;
};

} // namespace

result<std::unique_ptr<held_snapshot>> held_snapshot::take(const std::string& dsn) {
  try {
    return std::make_unique<open_transaction>(dsn);
  } catch (const std::exception& e) {
    return fail(503, "no_snapshot", std::string{"no snapshot could be held: "} + e.what());
  }
}

} // namespace cued::bench
