from ratelimit import Bucket, Limiter


def test_full_bucket_gives_a_token():
    assert Bucket(1, 1).take()


def test_empty_bucket_gives_none():
    bucket = Bucket(1, 0.001)
    bucket.take()
    assert not bucket.take()


def test_first_call_is_free():
    Limiter(1, 1).check("ada")
