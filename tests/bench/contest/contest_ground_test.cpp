#include "bench/contest/contest_ground.hpp"

#include <gtest/gtest.h>

namespace cued::bench {
namespace {

TEST(contest_ground, a_dsn_becomes_the_url_that_names_the_same_database) {
  EXPECT_EQ(database_url_of("host='/var/lib/x y/run' port=5432 user=cued dbname='cued'"),
            "postgresql://cued@/cued?host=%2Fvar%2Flib%2Fx%20y%2Frun&port=5432");
}

TEST(contest_ground, the_last_of_repeated_words_counts) {
  EXPECT_EQ(database_url_of(with_database("host=/run user=cued dbname='cued'", "other")),
            "postgresql://cued@/other?host=%2Frun");
}

TEST(contest_ground, quotes_and_backslashes_in_a_dsn_are_read_as_libpq_reads_them) {
  EXPECT_EQ(database_url_of(R"(host='/it\'s' user=cued dbname=a\\b)"), "postgresql://cued@/a%5Cb?host=%2Fit%27s");
}

} // namespace
} // namespace cued::bench
