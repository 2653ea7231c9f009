#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "persistence/postgres/connection.hpp"

struct pg_conn;

namespace cued::persistence {

/// A connection that hears notifications. On libpq itself, because pqxx would open a lost connection again without a
/// word, and with it would be lost what was said meanwhile. Used by one thread; a call that fails leaves it useless.
class listening_link {
public:
  [[nodiscard]] static result<listening_link> open(const connection_options& options);

  /// The first column of each row, as text.
  [[nodiscard]] result<std::vector<std::string>> ask(const named_query& what,
                                                     std::initializer_list<std::string> arguments = {});

  struct notice {
    std::string channel, payload;
  };
  /// What has arrived, in the order in which it was committed. Never waits.
  [[nodiscard]] result<std::vector<notice>> hear();

  [[nodiscard]] int descriptor() const;      ///< to poll for input
  [[nodiscard]] std::string backend() const; ///< the process id of its server process: its name among all listeners

private:
  struct closing {
    void operator()(pg_conn* c) const;
  };
  explicit listening_link(pg_conn* made) : link_{made} {}

  std::unique_ptr<pg_conn, closing> link_;
};

} // namespace cued::persistence
