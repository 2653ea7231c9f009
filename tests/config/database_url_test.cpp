#include "config/database_url.hpp"

#include <gtest/gtest.h>

namespace cued::config {

TEST(database_url, all_three_schemes_become_the_one_of_libpq) {
  for (const char* scheme : {"postgresql://", "postgres://", "postgresql+asyncpg://"})
    EXPECT_EQ(libpq_url(std::string{scheme} + "u:p%40@db:5433/cueapi").value(), "postgresql://u:p%40@db:5433/cueapi");
}

TEST(database_url, both_names_of_the_encryption_parameter_are_taken) {
  EXPECT_EQ(libpq_url("postgresql+asyncpg://h/d?ssl=require").value(), "postgresql://h/d?sslmode=require");
  EXPECT_EQ(libpq_url("postgres://h/d?sslmode=verify-full").value(), "postgresql://h/d?sslmode=verify-full");
  EXPECT_EQ(libpq_url("postgres://h/d?ssl=true").value(), "postgresql://h/d?sslmode=require");
  EXPECT_EQ(libpq_url("postgres://h/d?ssl=false").value(), "postgresql://h/d?sslmode=disable");
  EXPECT_NE(libpq_url("postgres://h/d?ssl=maybe").error().find("ssl=maybe"), std::string::npos);
}

TEST(database_url, a_unix_socket_is_kept) {
  EXPECT_EQ(libpq_url("postgresql+asyncpg://u@/d?host=/run/postgresql&port=5433").value(),
            "postgresql://u@/d?host=/run/postgresql&port=5433");
  EXPECT_EQ(libpq_url("postgresql://u@%2Frun%2Fpostgresql/d").value(), "postgresql://u@%2Frun%2Fpostgresql/d");
}

TEST(database_url, parameters_of_asyncpg_are_translated_or_dropped) {
  EXPECT_EQ(libpq_url("postgres://h/d?prepared_statement_cache_size=0&ssl=prefer&timeout=5").value(),
            "postgresql://h/d?sslmode=prefer&connect_timeout=5");
}

TEST(database_url, what_is_not_known_is_refused_without_showing_the_password) {
  const auto other_scheme = libpq_url("mysql://u:secret@h/d");
  ASSERT_FALSE(other_scheme);
  EXPECT_EQ(other_scheme.error().find("secret"), std::string::npos);
  const auto other_parameter = libpq_url("postgres://u:secret@h/d?sslmod=require");
  ASSERT_FALSE(other_parameter);
  EXPECT_NE(other_parameter.error().find("sslmod"), std::string::npos);
  EXPECT_EQ(other_parameter.error().find("secret"), std::string::npos);
}

TEST(database_url, half_a_password_behind_a_question_mark_is_not_shown) {
  for (const char* url : {"postgres://u:pa?secret@h/d", "postgres://u:pa?ssl=secret@h/d",
                          "postgres://u:p@a?secret&x@h/d", "postgres://u:pa?host=h&secret@h/d"}) {
    const auto refused = libpq_url(url);
    ASSERT_FALSE(refused) << url;
    EXPECT_EQ(refused.error().find("secret"), std::string::npos) << refused.error();
    EXPECT_NE(refused.error().find("%3F"), std::string::npos) << refused.error();
  }
}

} // namespace cued::config
